using System.Security.Claims;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using OpenIddict.Abstractions;
using OpenIddict.EntityFrameworkCore.Models;
using OpenIddict.Server;
using StockMcp.AuthorizationServer.Database;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;
using static OpenIddict.Server.OpenIddictServerHandlerFilters;
using static OpenIddict.Server.OpenIddictServerHandlers;
using static OpenIddict.Server.OpenIddictServerHandlers.Protection;

namespace StockMcp.AuthorizationServer.Hardening;

/// <summary>
/// A code, a refresh token or a pushed request is good for one use, also when two requests bring it in the same moment (AS-04, AS-11). It is used up last, when all
/// that it gives is stored: who comes second finds the first one's answer where <see cref="IRefreshAnswers"/> keeps it, or else ends all that came from the grant.
/// OpenIddict uses it up first, and lets every refresh through that was read before.
/// </summary>
internal static class SingleUse
{
    private const string KnownAnswer = "stockmcp:known_answer";

    public static void UseSingleUse(this OpenIddictServerBuilder server)
    {
        server.RemoveEventHandler(RedeemTokenEntry.Descriptor);
        server.RemoveEventHandler(ValidateTokenEntry.Descriptor);
        server.AddEventHandler(RefuseReuse.Descriptor);
        server.AddEventHandler(RedeemPushedRequest.Descriptor);
        server.AddEventHandler(StoreTogether.Descriptor);
        server.AddEventHandler(Redeem.Descriptor);
    }

    private static ProcessAuthenticationContext? Request(ProcessSignInContext context)
        => context.Transaction.GetProperty<ProcessAuthenticationContext>(typeof(ProcessAuthenticationContext).FullName!);

    // The code or the refresh token that this request brought and that it will use up.
    private static ClaimsPrincipal? Used(ProcessSignInContext context)
    {
        if (context.EndpointType != OpenIddictServerEndpointType.Token || Request(context) is not { } request) return null;
        var used = context.Request.IsRefreshTokenGrantType() ? request.RefreshTokenPrincipal : context.Request.IsAuthorizationCodeGrantType() ? request.AuthorizationCodePrincipal : null;
        return used?.GetTokenId() is null ? null : used;
    }

    // One statement decides, also between copies: a grant that was revoked since it was read is not brought back.
    private static async Task<bool> TryUseAsync(AuthorizationServerDbContext database, string tokenId, ProcessSignInContext context)
    {
        var now = context.Options.TimeProvider!.GetUtcNow().UtcDateTime;
        return await database.Set<OpenIddictEntityFrameworkCoreToken>().Where(token => token.Id == tokenId && token.Status == Statuses.Valid).ExecuteUpdateAsync(set => set
            .SetProperty(token => token.Status, Statuses.Redeemed)
            .SetProperty(token => token.RedemptionDate, now)
            .SetProperty(token => token.ConcurrencyToken, Guid.CreateVersion7().ToString()), context.CancellationToken) == 1;
    }

    private sealed class RefuseReuse(IOpenIddictTokenManager tokens, IRefreshAnswers? answers) : IOpenIddictServerHandler<ValidateTokenContext>
    {
        private readonly ValidateTokenEntry builtIn = new(tokens);

        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateTokenContext>()
            .AddFilter<RequireTokenIdResolved>()
            .UseScopedHandler(services => new RefuseReuse(services.GetRequiredService<IOpenIddictTokenManager>(), services.GetService<IRefreshAnswers>()))
            .SetOrder(ValidateTokenEntry.Descriptor.Order).Build();

        public async ValueTask HandleAsync(ValidateTokenContext context)
        {
            var token = context.Principal!;
            var refreshes = token.HasTokenType(TokenTypeIdentifiers.RefreshToken);
            var reused = false;
            if (refreshes || token.HasTokenType(TokenTypeIdentifiers.Private.AuthorizationCode))
            {
                // A guess, or a find, of somebody else's neither ends the grant nor tells anything.
                if (context.Request?.ClientId is not { } client || !token.HasPresenter(client))
                {
                    context.Reject(OpenIddictConstants.Errors.InvalidToken, "The code or the refresh token is not this client's.");
                    return;
                }
                if (refreshes && answers is not null && context.EndpointType == OpenIddictServerEndpointType.Token
                    && await tokens.FindByIdAsync(context.TokenId!, context.CancellationToken) is { } entry && await tokens.HasStatusAsync(entry, Statuses.Redeemed, context.CancellationToken))
                {
                    if (await answers.FindAsync(context.TokenId!, client, context.CancellationToken) is { } answer)
                    {
                        context.Transaction.SetProperty(KnownAnswer, answer);
                        return;
                    }
                    reused = true;
                }
            }
            await builtIn.HandleAsync(context);
            if (reused) await answers!.ReportReuseAsync(token, context.CancellationToken); // all that came from the grant is revoked now
        }
    }

    // RFC 9126, section 4: the request_uri is good for one authorization request that succeeds.
    private sealed class RedeemPushedRequest(AuthorizationServerDbContext database) : IOpenIddictServerHandler<ProcessSignInContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ProcessSignInContext>()
            .UseScopedHandler<RedeemPushedRequest>().SetOrder(RedeemTokenEntry.Descriptor.Order).Build();

        public async ValueTask HandleAsync(ProcessSignInContext context)
        {
            if (context.EndpointType == OpenIddictServerEndpointType.Authorization && Request(context)?.RequestTokenPrincipal?.GetTokenId() is { } id && !await TryUseAsync(database, id, context))
                context.Reject(OpenIddictConstants.Errors.InvalidRequestUri, "The pushed request was used before. Push another one.");
        }
    }

    private sealed class StoreTogether(NewTokens tokens) : IOpenIddictServerHandler<ProcessSignInContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ProcessSignInContext>()
            .UseScopedHandler<StoreTogether>().SetOrder(RedeemTokenEntry.Descriptor.Order).Build();

        public ValueTask HandleAsync(ProcessSignInContext context)
        {
            tokens.Wait = Used(context) is not null;
            return ValueTask.CompletedTask;
        }
    }

    private sealed class Redeem(AuthorizationServerDbContext database, NewTokens made, IOpenIddictTokenManager tokens, IRefreshAnswers? answers) : IOpenIddictServerHandler<ProcessSignInContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ProcessSignInContext>()
            .UseScopedHandler(services => new Redeem(services.GetRequiredService<AuthorizationServerDbContext>(), services.GetRequiredService<NewTokens>(), services.GetRequiredService<IOpenIddictTokenManager>(), services.GetService<IRefreshAnswers>()))
            .SetOrder(AttachSignInParameters.Descriptor.Order + 1000).Build();

        public async ValueTask HandleAsync(ProcessSignInContext context)
        {
            if (Used(context) is not { } used) return;
            var id = used.GetTokenId()!;
            made.Wait = false;
            if (context.Transaction.GetProperty<string>(KnownAnswer) is { } known)
            {
                database.ChangeTracker.Clear(); // nothing of this request's own is stored
                context.Response = JsonSerializer.Deserialize<OpenIddictResponse>(known)!;
                return;
            }
            // Committed before the use: who revokes the grant in this moment either finds these, too, or the used one is not valid any more.
            await database.SaveChangesAsync(context.CancellationToken);
            var keeper = context.Request.IsRefreshTokenGrantType() ? answers : null;
            await using (var transaction = await database.Database.BeginTransactionAsync(context.CancellationToken))
            {
                if (await TryUseAsync(database, id, context))
                {
                    if (keeper is not null) await keeper.KeepAsync(id, context.ClientId!, JsonSerializer.Serialize(context.Response), context.CancellationToken);
                    await transaction.CommitAsync(context.CancellationToken);
                    return;
                }
            }
            if (keeper is not null && await keeper.FindAsync(id, context.ClientId!, context.CancellationToken) is { } answer) await GiveAgainAsync(context, answer);
            else await EndGrantAsync(context, used);
        }

        private async Task GiveAgainAsync(ProcessSignInContext context, string answer)
        {
            // What was made for this request is not given to anybody.
            foreach (var principal in new[] { context.AccessTokenPrincipal, context.RefreshTokenPrincipal, context.IdentityTokenPrincipal })
            {
                if (principal?.GetTokenId() is { } id && await tokens.FindByIdAsync(id, context.CancellationToken) is { } unused) await tokens.DeleteAsync(unused, context.CancellationToken);
            }
            context.Response = JsonSerializer.Deserialize<OpenIddictResponse>(answer)!;
        }

        private async Task EndGrantAsync(ProcessSignInContext context, ClaimsPrincipal used)
        {
            if (used.GetAuthorizationId() is { } authorization) await tokens.RevokeByAuthorizationIdAsync(authorization, context.CancellationToken);
            if (used.HasTokenType(TokenTypeIdentifiers.RefreshToken) && answers is not null) await answers.ReportReuseAsync(used, context.CancellationToken);
            context.Reject(OpenIddictConstants.Errors.InvalidGrant, "The code or the refresh token was used before. All that came from it was revoked.");
        }
    }
}
