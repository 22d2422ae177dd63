using Microsoft.Extensions.Options;
using StockMcp.Hosting;
using StockMcp.Server.StartPage;
using StockMcp.Server.TokenValidation;

namespace StockMcp.Server.ProtectedResource;

/// <summary>Protected resource metadata (RFC 9728).</summary>
public static class ProtectedResourceExtensions
{
    private static readonly string[] s_bearerMethods = ["header"];

    /// <summary>Adds what this server says of itself.</summary>
    public static void AddProtectedResource(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton<McpResource>();
        builder.Services.AddSingleton<Challenges>();
    }

    /// <summary>Serves the metadata under both paths that clients look at. They are public: a script of any site may read them.</summary>
    public static void MapProtectedResourceMetadata(this IEndpointRouteBuilder routes)
    {
        foreach (var path in new[] { McpResource.MetadataPath, McpResource.MetadataPath + McpResource.Path })
        {
            routes.MapGet(path, (HttpContext context, McpResource resource, PublicUrl publicUrl, IOptions<AuthorityOptions> authority, IOptions<StartPageOptions> page) =>
            {
                context.Response.Headers.CacheControl = "public, max-age=300";
                return TypedResults.Json(new Dictionary<string, object>
                {
                    ["resource"] = resource.Uri,
                    ["authorization_servers"] = new[] { authority.Value.Issuer },
                    ["scopes_supported"] = resource.ScopesSupported,
                    ["bearer_methods_supported"] = s_bearerMethods,
                    ["resource_name"] = "StockMcp",
                    ["resource_documentation"] = publicUrl.At(page.Value.Path),
                });
            }).RequireCors(anyOrigin => anyOrigin.AllowAnyOrigin().WithMethods("GET").AllowAnyHeader()).AllowAnonymous();
        }
    }
}
