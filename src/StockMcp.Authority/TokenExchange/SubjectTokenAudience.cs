using OpenIddict.Abstractions;
using OpenIddict.Server;
using StockMcp.Authority.Resources;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace StockMcp.Authority.TokenExchange;

/// <summary>
/// TX-02: a resource server exchanges the tokens that are addressed to it, and no others. OpenIddict's own rule wants the requester's client_id in
/// <c>aud</c>, where RFC 8707 puts the resource: for exchanges this takes its place.
/// </summary>
internal sealed class SubjectTokenAudience(ProtectedResources resources) : IOpenIddictServerHandler<ValidateTokenRequestContext>
{
    private static readonly OpenIddictServerHandlers.Exchange.ValidateAuthorizedParty s_otherGrants = new();

    public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateTokenRequestContext>()
        .UseSingletonHandler<SubjectTokenAudience>()
        .SetOrder(OpenIddictServerHandlers.Exchange.ValidateAuthorizedParty.Descriptor.Order)
        .SetType(OpenIddictServerHandlerType.Custom)
        .Build();

    public ValueTask HandleAsync(ValidateTokenRequestContext context)
    {
        if (context.Request?.IsTokenExchangeGrantType() is not true) return s_otherGrants.HandleAsync(context);
        if (context.Request.ActorToken is not null)
            context.Reject(Errors.InvalidRequest, "The parameter actor_token is not supported: the client that the subject token was issued to is the actor.");
        else if (context.SubjectTokenPrincipal is not { } subject || subject.GetTokenType() != TokenTypeIdentifiers.AccessToken
            || !resources.All.Any(resource => resource.ClientId == context.ClientId && subject.HasAudience(resource.Uri)))
            context.Reject(Errors.InvalidGrant, "The subject token is not an access token addressed to this client's resource.");
        return ValueTask.CompletedTask;
    }
}
