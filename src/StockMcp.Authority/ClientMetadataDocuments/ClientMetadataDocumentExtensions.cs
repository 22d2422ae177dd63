using Microsoft.Extensions.Options;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace StockMcp.Authority.ClientMetadataDocuments;

/// <summary>The setting <c>ClientMetadataDocuments</c>.</summary>
internal sealed record ClientMetadataDocumentOptions
{
    public const string Section = "ClientMetadataDocuments";

    /// <summary>Whether the metadata says that such clients are welcome, and they are. They need an Authority that reaches the internet; without, clients register themselves. True unless set.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>For development: documents may lie on this computer, also over plain http. Refused in Production; false unless set.</summary>
    public bool AllowLoopback { get; init; }
}

/// <summary>Clients whose client_id is the https URL of a document about them (draft-ietf-oauth-client-id-metadata-document): nobody registers them.</summary>
public static class ClientMetadataDocumentExtensions
{
    /// <summary>Adds them.</summary>
    public static void AddClientMetadataDocuments(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var production = builder.Environment.IsProduction();
        builder.Services.AddOptions<ClientMetadataDocumentOptions>()
            .BindConfiguration(ClientMetadataDocumentOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .Validate(options => !(production && options.AllowLoopback), ClientMetadataDocumentOptions.Section + ":AllowLoopback is for development: it would let anybody make this server read from its own computer. Remove it.")
            .ValidateOnStart();
        builder.Services.AddSingleton(provider => new DocumentFetcher(provider.GetRequiredService<IOptions<ClientMetadataDocumentOptions>>().Value.AllowLoopback, provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<MetadataDocuments>();
        builder.Services.AddOpenIddict().AddServer(server => server.AddEventHandler(ResolveClient.Descriptor));
    }

    // Before anything else looks at the client: from here on it is one like any other.
    private sealed class ResolveClient(MetadataDocuments documents, IOptions<ClientMetadataDocumentOptions> options) : IOpenIddictServerHandler<ProcessAuthenticationContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ProcessAuthenticationContext>()
            .UseSingletonHandler<ResolveClient>()
            .SetOrder(OpenIddictServerHandlers.EvaluateValidatedTokens.Descriptor.Order - 500)
            .SetType(OpenIddictServerHandlerType.Custom)
            .Build();

        public async ValueTask HandleAsync(ProcessAuthenticationContext context)
        {
            if (context.EndpointType is not (OpenIddictServerEndpointType.Authorization or OpenIddictServerEndpointType.PushedAuthorization or OpenIddictServerEndpointType.Token or OpenIddictServerEndpointType.Revocation)
                || context.ClientId is not { } clientId || !MetadataDocuments.IsDocument(clientId) || !options.Value.Enabled) return;
            switch (await documents.ResolveAsync(clientId, context.CancellationToken))
            {
                case DocumentOutcome.Usable: return;
                // A client that lost a person's sign-in over a broken web server would have to bother them: it may try again.
                case DocumentOutcome.Unusable when context.EndpointType == OpenIddictServerEndpointType.Token && await documents.IsKnownAsync(clientId, context.CancellationToken):
                    context.Reject(Errors.TemporarilyUnavailable, MetadataDocuments.Problem);
                    return;
                default:
                    context.Reject(context.EndpointType == OpenIddictServerEndpointType.Authorization ? Errors.InvalidRequest : Errors.InvalidClient, MetadataDocuments.Problem);
                    return;
            }
        }
    }
}
