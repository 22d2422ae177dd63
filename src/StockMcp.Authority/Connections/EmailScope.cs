using OpenIddict.Client;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Client.OpenIddictClientEvents;

namespace StockMcp.Authority.Connections;

/// <summary>Asks a connection for the person's mail address, too, wherever it is asked for their name and says that it knows the scope: approvals are announced by mail.</summary>
internal sealed class EmailScope : IOpenIddictClientHandler<ProcessChallengeContext>
{
    public static OpenIddictClientHandlerDescriptor Descriptor { get; } = OpenIddictClientHandlerDescriptor.CreateBuilder<ProcessChallengeContext>()
        .UseSingletonHandler<EmailScope>()
        .SetOrder(OpenIddictClientHandlers.AttachScopes.Descriptor.Order + 500)
        .SetType(OpenIddictClientHandlerType.Custom)
        .Build();

    public ValueTask HandleAsync(ProcessChallengeContext context)
    {
        if (context.Scopes.Contains(Scopes.Profile) && context.Configuration?.ScopesSupported.Contains(Scopes.Email) is true) context.Scopes.Add(Scopes.Email);
        return ValueTask.CompletedTask;
    }
}
