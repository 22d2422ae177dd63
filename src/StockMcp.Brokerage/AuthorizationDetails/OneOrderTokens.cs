using System.Security.Claims;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using StockMcp.AuthorizationServer.ConfiguredClients;
using StockMcp.AuthorizationServer.RichAuthorization;
using StockMcp.Brokerage.Authorization;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.Trading;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;
using static OpenIddict.Server.OpenIddictServerHandlers;

namespace StockMcp.Brokerage.AuthorizationDetails;

/// <summary>
/// A refresh with <c>authorization_details</c> (RFC 9396, section 6) and <c>txn</c>, the id under which the app knows its owner's approval, gives an access token that
/// places this one order and no other. The refresh token rotates as ever, and the next refresh knows nothing of it.
/// </summary>
internal static class OneOrderTokens
{
    private const string WithARefreshAlone = "Send authorization_details with a refresh, for one order each: a person connects an app for no single order.";
    private const int LongestDetails = 4096;
    private static readonly TimeSpan s_lifetime = TimeSpan.FromMinutes(2);

    private static string? Parameter(OpenIddictRequest request, string name) => (string?)request[name] is { Length: > 0 } value ? value : null;

    /// <summary>What a refresh asked for, once it was checked.</summary>
    private sealed record Requested(string Details, string Transaction);

    // RFC 9396, section 10.
    internal sealed class Announce : IOpenIddictServerHandler<HandleConfigurationRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<HandleConfigurationRequestContext>()
            .UseSingletonHandler<Announce>().SetOrder(Discovery.AttachAdditionalMetadata.Descriptor.Order + 500).Build();

        public ValueTask HandleAsync(HandleConfigurationRequestContext context)
        {
            context.Metadata["authorization_details_types_supported"] = new([.. AuthorizationDetailsExtensions.Types.Select(string? (type) => type)]);
            return ValueTask.CompletedTask;
        }
    }

    // RFC 9396, section 5: what is not understood is refused, never left out. Nobody consents to a single order on the Brokerage's page.
    internal sealed class RefuseAtSignIn : IOpenIddictServerHandler<ValidateAuthorizationRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateAuthorizationRequestContext>()
            .UseSingletonHandler<RefuseAtSignIn>().SetOrder(Authentication.ValidateScopes.Descriptor.Order + 1).Build();

        public ValueTask HandleAsync(ValidateAuthorizationRequestContext context)
        {
            if (Parameter(context.Request, AuthorizationDetailsClaims.AuthorizationDetails) is not null) context.Reject(AuthorizationDetailsClaims.InvalidAuthorizationDetails, WithARefreshAlone);
            return ValueTask.CompletedTask;
        }
    }

    internal sealed class RefusePushed : IOpenIddictServerHandler<ValidatePushedAuthorizationRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ValidatePushedAuthorizationRequestContext>()
            .UseSingletonHandler<RefusePushed>().SetOrder(Authentication.ValidatePushedScopes.Descriptor.Order + 1).Build();

        public ValueTask HandleAsync(ValidatePushedAuthorizationRequestContext context)
        {
            if (Parameter(context.Request, AuthorizationDetailsClaims.AuthorizationDetails) is not null) context.Reject(AuthorizationDetailsClaims.InvalidAuthorizationDetails, WithARefreshAlone);
            return ValueTask.CompletedTask;
        }
    }

    // After everything else of the request was found right, and before anything is used up: whoever is refused here refreshes again with the same token.
    internal sealed class Check(IOpenIddictApplicationManager clients, TradingDesk desk, StockMarket market, TimeProvider time) : IOpenIddictServerHandler<ValidateTokenRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateTokenRequestContext>()
            .UseScopedHandler<Check>().SetOrder(Exchange.ValidateGrantedScopes.Descriptor.Order + 500).Build();

        public async ValueTask HandleAsync(ValidateTokenRequestContext context)
        {
            var (json, transaction) = (Parameter(context.Request, AuthorizationDetailsClaims.AuthorizationDetails), Parameter(context.Request, AuthorizationDetailsClaims.Transaction));
            if (json is null && transaction is null) return;
            if (json is null || transaction is null)
            {
                context.Reject(AuthorizationDetailsClaims.InvalidAuthorizationDetails, "authorization_details and txn belong together: give both, or neither.");
                return;
            }
            if (!context.Request.IsRefreshTokenGrantType() || context.RefreshTokenPrincipal is not { } grant)
            {
                context.Reject(AuthorizationDetailsClaims.InvalidAuthorizationDetails, "authorization_details are accepted with grant_type=refresh_token alone.");
                return;
            }
            var client = await clients.FindByClientIdAsync(context.ClientId!, context.CancellationToken) ?? throw new InvalidOperationException("The client vanished.");
            var isConfidential = await clients.HasClientTypeAsync(client, ClientTypes.Confidential, context.CancellationToken);
            foreach (var type in StockOrderDetails.TypesOf(json).Where(type => type == MandateDetails.Type).Prepend(StockOrderDetails.Type))
            {
                if (isConfidential && await clients.HasPermissionAsync(client, ConfiguredClientsExtensions.AuthorizationDetailsPermission(type), context.CancellationToken)) continue;
                context.Reject(AuthorizationDetailsClaims.InvalidAuthorizationDetails, $"This client may not ask for authorization_details of the type {type}.");
                return;
            }
            if (!(context.Request.GetScopes() is { Length: > 0 } asked ? asked : grant.GetScopes()).Contains(BrokerageScopes.Trading))
            {
                context.Reject(Errors.InvalidScope, $"An order needs the scope {BrokerageScopes.Trading}.");
                return;
            }
            if (!Guid.TryParseExact(transaction, "D", out var id) || id == Guid.Empty || !string.Equals(id.ToString("D"), transaction, StringComparison.OrdinalIgnoreCase)) // it would let blanks pass
            {
                context.Reject(AuthorizationDetailsClaims.InvalidAuthorizationDetails, "txn must be a GUID, for example 2f1c9d5e-0f0a-4b5e-8a43-6f4b1c3d2e10.");
                return;
            }
            if (await WhyNotAsync(json, Guid.Parse(grant.GetClaim(Claims.Subject)!), context.CancellationToken) is { } why)
            {
                context.Reject(AuthorizationDetailsClaims.InvalidAuthorizationDetails, $"The authorization_details cannot be: {why}.");
                return;
            }
            context.Transaction.SetProperty(typeof(Requested).FullName!, new Requested(json, id.ToString("D")));
        }

        private async Task<string?> WhyNotAsync(string json, Guid person, CancellationToken cancellationToken)
        {
            if (json.Length > LongestDetails) return $"they are longer than {LongestDetails} characters";
            try
            {
                var details = StockOrderDetails.Read(json, market, time.GetUtcNow());
                return details.Account == await desk.GetAccountNumberAsync(person, cancellationToken) ? null : "account must be the number of the person's own account";
            }
            catch (AuthorizationDetailsException exception)
            {
                return exception.Message;
            }
        }
    }

    // The access token alone says what it is for. The refresh token that comes with it is as before.
    internal sealed class Narrow : IOpenIddictServerHandler<ProcessSignInContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ProcessSignInContext>()
            .UseSingletonHandler<Narrow>().SetOrder(PrepareAccessTokenPrincipal.Descriptor.Order + 500).Build();

        public ValueTask HandleAsync(ProcessSignInContext context)
        {
            if (context.Transaction.GetProperty<Requested>(typeof(Requested).FullName!) is not { } requested || context.AccessTokenPrincipal is not { Identity: ClaimsIdentity identity } token) return ValueTask.CompletedTask;
            identity.AddClaim(new Claim(AuthorizationDetailsClaims.AuthorizationDetails, requested.Details, JsonClaimValueTypes.JsonArray));
            identity.AddClaim(new Claim(AuthorizationDetailsClaims.Transaction, requested.Transaction));
            var latest = context.Options.TimeProvider!.GetUtcNow() + s_lifetime;
            if (token.GetExpirationDate() is not { } expires || expires > latest) token.SetExpirationDate(latest);
            return ValueTask.CompletedTask;
        }
    }

    // RFC 9396, section 7.
    internal sealed class Answer : IOpenIddictServerHandler<ProcessSignInContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ProcessSignInContext>()
            .UseSingletonHandler<Answer>().SetOrder(AttachSignInParameters.Descriptor.Order + 2).Build();

        public ValueTask HandleAsync(ProcessSignInContext context)
        {
            if (context.Transaction.GetProperty<Requested>(typeof(Requested).FullName!) is { } requested && context.Response.AccessToken is not null)
                context.Response[AuthorizationDetailsClaims.AuthorizationDetails] = new OpenIddictParameter(JsonNode.Parse(requested.Details));
            return ValueTask.CompletedTask;
        }
    }

    // RFC 9396, section 9.2.
    internal sealed class Introspect : IOpenIddictServerHandler<HandleIntrospectionRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<HandleIntrospectionRequestContext>()
            .UseSingletonHandler<Introspect>().SetOrder(Introspection.AttachApplicationClaims.Descriptor.Order + 500).Build();

        public ValueTask HandleAsync(HandleIntrospectionRequestContext context)
        {
            var details = AuthorizationDetailsClaims.Elements(context.GenericTokenPrincipal);
            if (details.Count == 0) return ValueTask.CompletedTask;
            context.Claims[AuthorizationDetailsClaims.AuthorizationDetails] = new OpenIddictParameter(new JsonArray([.. details.Select(element => JsonNode.Parse(element))]));
            context.Claims[AuthorizationDetailsClaims.Transaction] = context.GenericTokenPrincipal.GetClaim(AuthorizationDetailsClaims.Transaction);
            return ValueTask.CompletedTask;
        }
    }
}
