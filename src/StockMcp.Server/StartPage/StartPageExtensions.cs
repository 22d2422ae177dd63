using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using StockMcp.Server.TokenValidation;

namespace StockMcp.Server.StartPage;

/// <summary>The page <c>/</c>: what this is, and how to add it to a client.</summary>
public static class StartPageExtensions
{
    /// <summary>Adds what the page needs.</summary>
    public static void AddStartPage(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddRazorComponents();
        // Razor components bring the keys of forms along. This page has no form, and a stateless server keeps no keys.
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        // It would make a key and a file for it at each start all the same.
        foreach (var maker in builder.Services.Where(service => service.ImplementationType?.Name == "DataProtectionHostedService").ToList()) builder.Services.Remove(maker);
    }

    /// <summary>Serves the page.</summary>
    public static void MapStartPage(this IEndpointRouteBuilder routes)
        => routes.MapGet("/", (ProtectedResource.McpResource resource, IOptions<AuthorityOptions> authority) => new RazorComponentResult<Start>(new { Resource = resource, Authority = authority.Value.Issuer })).AllowAnonymous();
}
