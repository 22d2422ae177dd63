using OpenIddict.Abstractions;
using OpenIddict.Server;
using StockMcp.Authority.Resources;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace StockMcp.Authority.Tokens;

/// <summary>
/// AS-15: a token is introspected (RFC 7662) by the resource server that it is addressed to; everybody else reads <c>active: false</c>. OpenIddict's own rule looks for the
/// client_id in <c>aud</c>, where RFC 8707 puts the resource, and lets the agent look, too.
/// </summary>
internal static class Introspection
{
    public static void UseIntrospection(this OpenIddictServerBuilder server)
    {
        server.RemoveEventHandler(OpenIddictServerHandlers.Introspection.ValidateAuthorizedParty.Descriptor);
        server.AddEventHandler(OwnTokensAlone.Descriptor);
        server.AddEventHandler(NameScopes.Descriptor);
    }

    private sealed class OwnTokensAlone(ProtectedResources resources) : IOpenIddictServerHandler<ValidateIntrospectionRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateIntrospectionRequestContext>()
            .UseSingletonHandler<OwnTokensAlone>()
            .SetOrder(OpenIddictServerHandlers.Introspection.ValidateAuthorizedParty.Descriptor.Order)
            .SetType(OpenIddictServerHandlerType.Custom)
            .Build();

        public ValueTask HandleAsync(ValidateIntrospectionRequestContext context)
        {
            if (context.GenericTokenPrincipal is not { } token || !token.HasTokenType(TokenTypeIdentifiers.AccessToken) || !resources.All.Any(resource => resource.ClientId == context.ClientId && token.HasAudience(resource.Uri)))
                context.Reject(Errors.InvalidToken, "The token is not addressed to this client's resource.");
            return ValueTask.CompletedTask;
        }
    }

    private sealed class NameScopes : IOpenIddictServerHandler<HandleIntrospectionRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<HandleIntrospectionRequestContext>()
            .UseSingletonHandler<NameScopes>()
            .SetOrder(OpenIddictServerHandlers.Introspection.AttachMetadataClaims.Descriptor.Order + 500)
            .SetType(OpenIddictServerHandlerType.Custom)
            .Build();

        public ValueTask HandleAsync(HandleIntrospectionRequestContext context)
        {
            context.Scopes.UnionWith(context.GenericTokenPrincipal.GetScopes());
            return ValueTask.CompletedTask;
        }
    }
}
