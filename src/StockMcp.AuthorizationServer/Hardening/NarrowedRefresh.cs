using Microsoft.Extensions.DependencyInjection;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;
using static OpenIddict.Server.OpenIddictServerHandlers;
using static OpenIddict.Server.OpenIddictServerHandlers.Exchange;

namespace StockMcp.AuthorizationServer.Hardening;

/// <summary>
/// RFC 6749, section 6: a refresh may ask for fewer scopes than were granted. The access token then has only these; the new refresh token keeps the whole grant,
/// so that the next refresh may ask for others. OpenIddict does that; here it learns the error code, and to name the scopes in every answer.
/// </summary>
internal static class NarrowedRefresh
{
    public static void UseNarrowedRefresh(this OpenIddictServerBuilder server)
    {
        server.RemoveEventHandler(ValidateGrantedScopes.Descriptor);
        server.AddEventHandler(RefuseOtherScopes.Descriptor);
        server.AddEventHandler(NameScopes.Descriptor);
    }

    // RFC 6749, section 5.2: a scope that "exceeds the scope granted by the resource owner" is invalid_scope. The refresh token was not used up and stays good.
    private sealed class RefuseOtherScopes : IOpenIddictServerHandler<ValidateTokenRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateTokenRequestContext>()
            .UseSingletonHandler<RefuseOtherScopes>().SetOrder(ValidateGrantedScopes.Descriptor.Order).Build();

        public ValueTask HandleAsync(ValidateTokenRequestContext context)
        {
            if (context.Request.IsRefreshTokenGrantType() && context.Request.GetScopes().Except(context.RefreshTokenPrincipal!.GetScopes()).Any())
                context.Reject(OpenIddictConstants.Errors.InvalidScope, "The refresh token was granted without some of these scopes. Ask for fewer, or send the person to the authorization endpoint.");
            return ValueTask.CompletedTask;
        }
    }

    // Section 5.1 lets a server leave scope out when it is what was asked for. Naming it always spares every client a guess.
    private sealed class NameScopes : IOpenIddictServerHandler<ProcessSignInContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ProcessSignInContext>()
            .UseSingletonHandler<NameScopes>().SetOrder(AttachSignInParameters.Descriptor.Order + 1).Build();

        public ValueTask HandleAsync(ProcessSignInContext context)
        {
            if (context.EndpointType == OpenIddictServerEndpointType.Token && context.AccessTokenPrincipal is { } token && context.Response.AccessToken is not null)
                context.Response.Scope = string.Join(' ', token.GetScopes());
            return ValueTask.CompletedTask;
        }
    }
}
