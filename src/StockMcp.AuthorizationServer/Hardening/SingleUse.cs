using Microsoft.Extensions.DependencyInjection;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;
using static OpenIddict.Server.OpenIddictServerHandlers;

namespace StockMcp.AuthorizationServer.Hardening;

/// <summary>
/// A code, a refresh token or a pushed request is good for one use, also when two requests bring it in the same moment (AS-04, AS-11): one of them wins at most, and the other one
/// ends all that came from the grant, as a later reuse would. OpenIddict lets every refresh through that was read before the first one was stored.
/// </summary>
internal static class SingleUse
{
    public static void UseSingleUse(this OpenIddictServerBuilder server)
    {
        server.RemoveEventHandler(RedeemTokenEntry.Descriptor);
        server.AddEventHandler(Redeem.Descriptor);
        server.AddEventHandler(LookAgain.Descriptor);
    }

    private static string? UsedToken(ProcessSignInContext context)
    {
        if (context.Transaction.GetProperty<ProcessAuthenticationContext>(typeof(ProcessAuthenticationContext).FullName!) is not { } request) return null;
        var principal = context.EndpointType switch
        {
            OpenIddictServerEndpointType.Authorization => request.RequestTokenPrincipal, // RFC 9126, section 4: a request_uri is used once
            OpenIddictServerEndpointType.Token when context.Request.IsAuthorizationCodeGrantType() => request.AuthorizationCodePrincipal,
            OpenIddictServerEndpointType.Token when context.Request.IsRefreshTokenGrantType() => request.RefreshTokenPrincipal,
            _ => null,
        };
        return principal?.GetTokenId();
    }

    private static async Task EndGrantAsync(ProcessSignInContext context, IOpenIddictTokenManager tokens)
    {
        if (context.Principal?.GetAuthorizationId() is { } authorization) await tokens.RevokeByAuthorizationIdAsync(authorization, context.CancellationToken);
        context.Reject(OpenIddictConstants.Errors.InvalidGrant, "The code or the refresh token was used before. All that came from it was revoked.");
    }

    private sealed class Redeem(IOpenIddictTokenManager tokens) : IOpenIddictServerHandler<ProcessSignInContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ProcessSignInContext>()
            .UseScopedHandler<Redeem>().SetOrder(RedeemTokenEntry.Descriptor.Order).Build();

        public async ValueTask HandleAsync(ProcessSignInContext context)
        {
            if (UsedToken(context) is not { } id || await tokens.FindByIdAsync(id, context.CancellationToken) is not { } token) return;
            var redeemed = new OpenIddictTokenDescriptor();
            await tokens.PopulateAsync(redeemed, token, context.CancellationToken);
            (redeemed.Status, redeemed.RedemptionDate) = (OpenIddictConstants.Statuses.Redeemed, context.Options.TimeProvider!.GetUtcNow());
            try
            {
                await tokens.UpdateAsync(token, redeemed, context.CancellationToken);
            }
            catch (OpenIddictExceptions.ConcurrencyException) when (context.EndpointType == OpenIddictServerEndpointType.Authorization)
            {
                context.Reject(OpenIddictConstants.Errors.InvalidRequest, "The pushed request was used before.");
            }
            catch (OpenIddictExceptions.ConcurrencyException)
            {
                await EndGrantAsync(context, tokens);
            }
        }
    }

    // Who lost revoked what was stored by then. What the winner stored later is revoked here: the token that it used tells.
    private sealed class LookAgain(IServiceScopeFactory scopes) : IOpenIddictServerHandler<ProcessSignInContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ProcessSignInContext>()
            .UseSingletonHandler<LookAgain>().SetOrder(GenerateIdentityToken.Descriptor.Order + 500).Build();

        public async ValueTask HandleAsync(ProcessSignInContext context)
        {
            if (context.EndpointType != OpenIddictServerEndpointType.Token || UsedToken(context) is not { } id) return;
            await using var scope = scopes.CreateAsyncScope(); // this request's own database context would show what it wrote itself
            var tokens = scope.ServiceProvider.GetRequiredService<IOpenIddictTokenManager>();
            if (await tokens.FindByIdAsync(id, context.CancellationToken) is not { } token || !await tokens.HasStatusAsync(token, OpenIddictConstants.Statuses.Redeemed, context.CancellationToken))
                await EndGrantAsync(context, tokens);
        }
    }
}
