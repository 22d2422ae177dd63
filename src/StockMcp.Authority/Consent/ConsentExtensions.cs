using StockMcp.AuthorizationServer;

namespace StockMcp.Authority.Consent;

/// <summary>The authorization endpoint: who signs in, and what they allow the agent that asks.</summary>
public static class ConsentExtensions
{
    /// <summary>Adds the store of consents.</summary>
    public static void AddConsent(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddScoped<ConsentStore>();
        builder.Services.AddScoped<AuthorizationEndpoint>();
    }

    /// <summary><c>/connect/authorize</c>.</summary>
    public static void MapConsent(this IEndpointRouteBuilder routes)
        => routes.MapMethods(AuthorizationServerExtensions.AuthorizationEndpoint, [HttpMethods.Get, HttpMethods.Post], (HttpContext context, AuthorizationEndpoint endpoint) => endpoint.HandleAsync(context));
}
