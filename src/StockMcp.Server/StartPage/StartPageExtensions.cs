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
    }

    /// <summary>Serves the page.</summary>
    public static void MapStartPage(this IEndpointRouteBuilder routes)
        => routes.MapGet("/", (ProtectedResource.McpResource resource, IOptions<AuthorityOptions> authority) => new RazorComponentResult<Start>(new { Resource = resource, Authority = authority.Value.Issuer })).AllowAnonymous();
}
