using OpenIddict.Abstractions;
using OpenIddict.Server;
using StockMcp.Authority.Revocations;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace StockMcp.Authority.Tokens;

/// <summary>RFC 7009, section 2.1: with a refresh token ends all that came from its grant. Each sign-in has one of its own here, so that others go on.</summary>
internal sealed class Revocation(IOpenIddictTokenManager tokens, RevocationNotices notices) : IOpenIddictServerHandler<HandleRevocationRequestContext>
{
    public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<HandleRevocationRequestContext>()
        .UseScopedHandler<Revocation>()
        .SetOrder(OpenIddictServerHandlers.Revocation.RevokeToken.Descriptor.Order + 500)
        .SetType(OpenIddictServerHandlerType.Custom)
        .Build();

    public async ValueTask HandleAsync(HandleRevocationRequestContext context)
    {
        if (context.GenericTokenPrincipal is not { } token) return;
        if (token.HasTokenType(TokenTypeIdentifiers.RefreshToken) && token.GetAuthorizationId() is { } authorization)
            await tokens.RevokeByAuthorizationIdAsync(authorization, context.CancellationToken);
        // What the Servers remember for this agent ends with it (TV-05).
        if (Guid.TryParse(token.GetClaim(Claims.Subject), out var person) && token.GetPresenters() is [var client, ..]) notices.Agent(person, client);
    }
}
