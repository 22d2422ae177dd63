using System.ComponentModel;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using ModelContextProtocol.AspNetCore.Authentication;
using ModelContextProtocol.Server;
using StockMcp.Testing.Harness;

namespace StockMcp.Doctor.Tests;

/// <summary>A protected server as the C# SDK's own example builds one: <c>AddMcp</c> for the challenge, JWT bearer for the tokens, its authorization filters for the tools.</summary>
internal sealed class SdkServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private SdkServer()
    {
        var origin = $"http://127.0.0.1:{FreePorts.Take()}";
        Url = new Uri(origin + "/mcp");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(origin);
        builder.Services.AddAuthentication(options =>
        {
            options.DefaultChallengeScheme = McpAuthenticationDefaults.AuthenticationScheme;
            options.DefaultAuthenticateScheme = JwtBearerDefaults.AuthenticationScheme;
        })
        .AddJwtBearer(options =>
        {
            options.MapInboundClaims = false;
            options.TokenValidationParameters = new TokenValidationParameters { ValidIssuer = origin, ValidAudience = Url.AbsoluteUri, IssuerSigningKey = new ECDsaSecurityKey(key) };
        })
        .AddMcp(options => options.ResourceMetadata = new() { AuthorizationServers = { origin }, ScopesSupported = ["mcp:tools"] });
        builder.Services.AddAuthorizationBuilder().AddPolicy("writes", policy => policy.RequireClaim("scope", "news:write"));
        builder.Services.AddMcpServer().WithHttpTransport().AddAuthorizationFilters().WithTools<Tools>();
        app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapMcp("/mcp").RequireAuthorization();
        app.MapGet("/.well-known/oauth-authorization-server", (HttpContext context) =>
        {
            context.Response.Headers.AccessControlAllowOrigin = "*";
            return Results.Json(new
            {
                issuer = origin,
                authorization_endpoint = origin + "/authorize",
                token_endpoint = origin + "/token",
                registration_endpoint = origin + "/register",
                code_challenge_methods_supported = new[] { "S256" },
                token_endpoint_auth_methods_supported = new[] { "none" },
                authorization_response_iss_parameter_supported = true,
                scopes_supported = new[] { "mcp:tools" },
            });
        });
        app.MapGet("/authorize", () => Results.BadRequest());
        app.MapPost("/token", () => Results.Json(new { error = "invalid_client" }, statusCode: 401));
    }

    public Uri Url { get; }

    public static async Task<SdkServer> StartAsync()
    {
        var server = new SdkServer();
        await server.app.StartAsync();
        return server;
    }

    /// <summary>A token that is good here, for the first scope alone.</summary>
    public string Token() => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Issuer = Url.GetLeftPart(UriPartial.Authority),
        Audience = Url.AbsoluteUri,
        TokenType = "at+jwt",
        Expires = DateTime.UtcNow.AddMinutes(5),
        SigningCredentials = new(new ECDsaSecurityKey(key), SecurityAlgorithms.EcdsaSha256),
        Claims = new Dictionary<string, object> { ["sub"] = "ann", ["scope"] = "mcp:tools" },
    });

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        key.Dispose();
    }

    [McpServerToolType]
    private sealed class Tools
    {
        [McpServerTool(Name = "read_news", ReadOnly = true), Description("Reads the news.")]
        public static string ReadNews() => "Nothing happened.";

        [McpServerTool(Name = "write_news"), Description("Writes news."), Authorize(Policy = "writes")]
        public static string WriteNews() => "Written.";
    }
}
