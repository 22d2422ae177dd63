using System.Collections.Immutable;
using Microsoft.AspNetCore;
using Microsoft.Extensions.Options;
using OpenIddict.Server;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.AuthorizationDetails;
using StockMcp.Authority.Backchannel;
using StockMcp.Authority.ClientMetadataDocuments;
using StockMcp.Authority.ConnectedAccounts;
using StockMcp.Authority.Registration;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace StockMcp.Authority.Authorization;

/// <summary>What both discovery documents (RFC 8414, OpenID Connect Discovery) say that OpenIddict does not know.</summary>
internal sealed class AgentMetadata(PublicUrl publicUrl, AuthorizationDetailsTypes types, IOptions<ClientMetadataDocumentOptions> documents) : IOpenIddictServerHandler<HandleConfigurationRequestContext>
{
    public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<HandleConfigurationRequestContext>()
        .UseSingletonHandler<AgentMetadata>()
        .SetOrder(int.MaxValue)
        .SetType(OpenIddictServerHandlerType.Custom)
        .Build();

    public ValueTask HandleAsync(HandleConfigurationRequestContext context)
    {
        context.Metadata["registration_endpoint"] = publicUrl.At(RegistrationExtensions.Endpoint);
        context.Metadata["client_id_metadata_document_supported"] = documents.Value.Enabled;
        // CIBA Core, section 4; RFC 9396, section 10.
        context.Metadata["backchannel_authentication_endpoint"] = publicUrl.At(BackchannelExtensions.Endpoint);
        context.Metadata["backchannel_token_delivery_modes_supported"] = ImmutableArray.Create<string?>("poll");
        context.Metadata["backchannel_user_code_parameter_supported"] = false;
        context.Metadata["authorization_details_types_supported"] = types.All.Select(type => (string?)type.Name).ToImmutableArray();
        context.Scopes.Remove(ApprovalExtensions.Scope);
        context.Scopes.ExceptWith(ConnectedAccountsExtensions.Scopes); // of the Authority's own API: no agent may ask for them, and some ask for all that they find
        context.TokenEndpointAuthenticationMethods.Add(ClientAuthenticationMethods.None); // public clients, as MCP clients are
        // They are public: clients that are web pages read them, too.
        if (context.Transaction.GetHttpRequest() is { } request) request.HttpContext.Response.Headers.AccessControlAllowOrigin = "*";
        return ValueTask.CompletedTask;
    }
}
