using OpenIddict.Client;
using StockMcp.AuthorizationServer.RichAuthorization;
using static OpenIddict.Client.OpenIddictClientEvents;

namespace StockMcp.Authority.Connections;

/// <summary>RFC 9396, section 5: OpenIddict does not know this error, and would make an outage of it.</summary>
internal sealed class RefusedDetails : IOpenIddictClientHandler<HandleTokenResponseContext>
{
    public static OpenIddictClientHandlerDescriptor Descriptor { get; } = OpenIddictClientHandlerDescriptor.CreateBuilder<HandleTokenResponseContext>()
        .UseSingletonHandler<RefusedDetails>()
        .SetOrder(int.MinValue)
        .SetType(OpenIddictClientHandlerType.Custom)
        .Build();

    public ValueTask HandleAsync(HandleTokenResponseContext context)
    {
        if (context.Response.Error == AuthorizationDetailsClaims.InvalidAuthorizationDetails) context.Reject(AuthorizationDetailsClaims.InvalidAuthorizationDetails, "The provider refused the authorization details.");
        return ValueTask.CompletedTask;
    }
}
