using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace StockMcp.Authority.Tokens;

/// <summary>
/// Gives a refresh token to each client that registered for it, whether it asks for the scope offline_access or not: MCP clients do not, and a person who
/// has to sign in every ten minutes gives up.
/// </summary>
internal sealed class RefreshTokens(IOpenIddictApplicationManager clients) : IOpenIddictServerHandler<ProcessSignInContext>
{
    public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ProcessSignInContext>()
        .UseScopedHandler<RefreshTokens>()
        .SetOrder(OpenIddictServerHandlers.EvaluateGeneratedTokens.Descriptor.Order + 500)
        .SetType(OpenIddictServerHandlerType.Custom)
        .Build();

    public async ValueTask HandleAsync(ProcessSignInContext context)
    {
        if (context.EndpointType != OpenIddictServerEndpointType.Token || context.Request is not { } request || !(request.IsAuthorizationCodeGrantType() || request.IsRefreshTokenGrantType())) return;
        var client = await clients.FindByClientIdAsync(context.ClientId!, context.CancellationToken) ?? throw new InvalidOperationException("The client vanished.");
        context.GenerateRefreshToken = context.IncludeRefreshToken = await clients.HasPermissionAsync(client, Permissions.GrantTypes.RefreshToken, context.CancellationToken);
    }
}
