using Microsoft.Extensions.Options;
using StockMcp.Hosting;
using StockMcp.ResourceServer.ScopeChallenge;
using StockMcp.ResourceServer.TokenValidation;

namespace StockMcp.ResourceServer.ProtectedResource;

/// <summary>Protected resource metadata (RFC 9728).</summary>
public static class ProtectedResourceExtensions
{
    private static readonly string[] s_bearerMethods = ["header"];

    /// <summary>Adds what this server says of itself.</summary>
    public static void AddProtectedResource(this WebApplicationBuilder builder, ProtectedResourceOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<ToolScopes>();
        builder.Services.AddSingleton<McpResource>();
        builder.Services.AddSingleton<Challenges>();
    }

    /// <summary>Serves the metadata under both paths that clients look at. They are public: a script of any site may read them.</summary>
    public static void MapProtectedResourceMetadata(this IEndpointRouteBuilder routes)
    {
        foreach (var path in new[] { McpResource.MetadataPath, McpResource.MetadataPath + McpResource.Path })
        {
            routes.MapGet(path, (HttpContext context, McpResource resource, PublicUrl publicUrl, IOptions<AuthorityOptions> authority) =>
            {
                context.Response.Headers.CacheControl = "public, max-age=300";
                return TypedResults.Json(new Dictionary<string, object>
                {
                    ["resource"] = resource.Uri,
                    ["authorization_servers"] = new[] { authority.Value.Issuer },
                    ["scopes_supported"] = resource.ScopesSupported,
                    ["bearer_methods_supported"] = s_bearerMethods,
                    ["resource_name"] = resource.Name,
                    ["resource_documentation"] = publicUrl.At(resource.DocumentationPath),
                });
            }).RequireCors(anyOrigin => anyOrigin.AllowAnyOrigin().WithMethods("GET").AllowAnyHeader()).AllowAnonymous();
        }
    }
}
