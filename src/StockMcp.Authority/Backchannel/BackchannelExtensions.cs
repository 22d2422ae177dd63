using System.Text.Json;
using OpenIddict.Server;
using StockMcp.AuthorizationServer;
using StockMcp.AuthorizationServer.RichAuthorization;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace StockMcp.Authority.Backchannel;

/// <summary>OpenID CIBA, poll mode: an MCP server asks for a person's approval behind the agent's back, and comes for the token when it is given.</summary>
public static class BackchannelExtensions
{
    /// <summary>The backchannel authentication endpoint's path.</summary>
    public const string Endpoint = "/connect/backchannel";

    /// <summary>CIBA Core, section 4.</summary>
    public const string GrantType = "urn:openid:params:grant-type:ciba";

    /// <summary>The parameter that answers carry and polls bring.</summary>
    public const string AuthReqId = "auth_req_id";

    /// <summary>Adds the endpoint and the grant; needs approvals.</summary>
    public static void AddBackchannel(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<BackchannelOptions>().BindConfiguration(BackchannelOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddScoped<BackchannelEndpoint>();
        builder.Services.AddScoped<BackchannelGrant>();
        builder.Services.AddOpenIddict().AddServer(server =>
        {
            server.AllowCustomFlow(GrantType);
            // Clients prove themselves here as they do at the token endpoint: OpenIddict takes it for one, of the grant that its answer is for.
            server.SetTokenEndpointUris(AuthorizationServerExtensions.TokenEndpoint[1..], Endpoint[1..]);
            server.AddEventHandler(AskedInTheGrantsName.Descriptor);
            server.AddEventHandler(IntrospectedDetails.Descriptor);
        });
    }

    /// <summary><c>POST /connect/backchannel</c>.</summary>
    public static void MapBackchannel(this IEndpointRouteBuilder routes)
        => routes.MapPost(Endpoint, (HttpContext context, BackchannelEndpoint endpoint, CancellationToken cancellationToken) => endpoint.HandleAsync(context, cancellationToken)).DisableAntiforgery();

    private sealed class AskedInTheGrantsName : IOpenIddictServerHandler<ValidateTokenRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateTokenRequestContext>()
            .UseSingletonHandler<AskedInTheGrantsName>()
            .SetOrder(int.MinValue + 1000)
            .SetType(OpenIddictServerHandlerType.Custom)
            .Build();

        public ValueTask HandleAsync(ValidateTokenRequestContext context)
        {
            if (context.RequestUri?.AbsolutePath != Endpoint) return ValueTask.CompletedTask;
            if (context.Request.GrantType is not null) context.Reject(OpenIddict.Abstractions.OpenIddictConstants.Errors.InvalidRequest, "The parameter grant_type belongs to the token endpoint.");
            context.Request.GrantType = GrantType;
            return ValueTask.CompletedTask;
        }
    }

    // RFC 9396, section 9.2.
    private sealed class IntrospectedDetails : IOpenIddictServerHandler<HandleIntrospectionRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<HandleIntrospectionRequestContext>()
            .UseSingletonHandler<IntrospectedDetails>()
            .SetOrder(OpenIddictServerHandlers.Introspection.AttachMetadataClaims.Descriptor.Order + 600)
            .SetType(OpenIddictServerHandlerType.Custom)
            .Build();

        public ValueTask HandleAsync(HandleIntrospectionRequestContext context)
        {
            if (AuthorizationDetailsClaims.Elements(context.GenericTokenPrincipal) is { Count: > 0 } details) context.Claims[AuthorizationDetailsClaims.AuthorizationDetails] = JsonSerializer.Deserialize<JsonElement>($"[{string.Join(',', details)}]");
            return ValueTask.CompletedTask;
        }
    }
}
