using OpenIddict.Client;
using static OpenIddict.Client.OpenIddictClientEvents;

namespace StockMcp.Authority.Connections;

/// <summary>RFC 6749, section 5.1: which scopes the provider granted; what it does not say, it granted as asked.</summary>
internal sealed class GrantedScopes : IOpenIddictClientHandler<ProcessAuthenticationContext>
{
    public const string Property = "granted_scopes";

    public static OpenIddictClientHandlerDescriptor Descriptor { get; } = OpenIddictClientHandlerDescriptor.CreateBuilder<ProcessAuthenticationContext>()
        .UseSingletonHandler<GrantedScopes>()
        .SetOrder(int.MaxValue - 100_000)
        .SetType(OpenIddictClientHandlerType.Custom)
        .Build();

    public ValueTask HandleAsync(ProcessAuthenticationContext context)
    {
        if (context.TokenResponse is { } response)
            context.Properties[Property] = response.Scope ?? string.Join(' ', context.StateTokenPrincipal is { } state ? OpenIddict.Abstractions.OpenIddictExtensions.GetScopes(state) : [.. context.Scopes]);
        return ValueTask.CompletedTask;
    }
}
