using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.TokenExchange;

/// <summary>Token exchange (RFC 8693): the MCP server gives an agent's token and gets an upstream one, with no more rights.</summary>
public static class TokenExchangeExtensions
{
    /// <summary>Adds the grant; needs the vault.</summary>
    public static void AddTokenExchange(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddScoped<TokenExchangeEndpoint>();
        builder.Services.AddOpenIddict().AddServer(server =>
        {
            server.AllowTokenExchangeFlow();
            server.Configure(options =>
            {
                options.SubjectTokenTypes.Clear();
                options.SubjectTokenTypes.Add(TokenTypeIdentifiers.AccessToken);
                options.RequestedTokenTypes.Clear();
                options.RequestedTokenTypes.Add(TokenTypeIdentifiers.AccessToken);
            });
            server.RemoveEventHandler(OpenIddictServerHandlers.Exchange.ValidateAuthorizedParty.Descriptor);
            server.AddEventHandler(SubjectTokenAudience.Descriptor);
        });
    }
}
