using Microsoft.Extensions.Options;
using OpenIddict.Server;
using StockMcp.Authority.ClientMetadataDocuments;
using StockMcp.Authority.ConnectedAccounts;
using StockMcp.Authority.Registration;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace StockMcp.Authority.Authorization;

/// <summary>What both discovery documents (RFC 8414, OpenID Connect Discovery) say that OpenIddict does not know.</summary>
internal sealed class AgentMetadata(PublicUrl publicUrl, IOptions<ClientMetadataDocumentOptions> documents) : IOpenIddictServerHandler<HandleConfigurationRequestContext>
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
        context.Scopes.ExceptWith(ConnectedAccountsExtensions.Scopes); // of the Authority's own API: no agent may ask for them, and some ask for all that they find
        context.TokenEndpointAuthenticationMethods.Add(ClientAuthenticationMethods.None); // public clients, as MCP clients are
        return ValueTask.CompletedTask;
    }
}
