using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.Tokens;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.AspNetCore.Authentication;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace StockMcp.Bench.ToolCalls;

/// <summary>(a) Kestrel alone: the same bytes for every request, nothing checked and nothing read.</summary>
internal static class BarePeer
{
    public static async Task RunAsync(string[] args)
    {
        var (port, contentType, body) = (args[0], args[1], Encoding.UTF8.GetBytes(args[2]));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://localhost:{port}");
        var app = builder.Build();
        app.MapPost("/mcp", async context =>
        {
            context.Response.ContentType = contentType;
            context.Response.ContentLength = body.Length;
            await context.Response.Body.WriteAsync(body);
        });
        await app.StartAsync();
        Console.WriteLine("ready");
        await app.WaitForShutdownAsync();
    }
}

/// <summary>(b) The C# SDK's protected sample (samples/ProtectedMcpServer), with the one tool and without sessions, as its documentation recommends for servers that need none.</summary>
internal static class SdkPeer
{
    public static async Task RunAsync(string[] args)
    {
        var (serverUrl, issuer, answer) = ($"http://localhost:{args[0]}/", args[1], JsonSerializer.Deserialize<CallToolResult>(args[2], ModelContextProtocol.McpJsonUtilities.DefaultOptions)!);
        var builder = WebApplication.CreateBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls(serverUrl);
        builder.Services.AddAuthentication(options =>
        {
            options.DefaultChallengeScheme = McpAuthenticationDefaults.AuthenticationScheme;
            options.DefaultAuthenticateScheme = JwtBearerDefaults.AuthenticationScheme;
        })
        .AddJwtBearer(options =>
        {
            options.Authority = issuer;
            options.RequireHttpsMetadata = false;
            options.TokenValidationParameters = new TokenValidationParameters { ValidateIssuer = true, ValidateAudience = true, ValidateLifetime = true, ValidateIssuerSigningKey = true, ValidAudience = serverUrl + "mcp", ValidIssuer = issuer };
        })
        .AddMcp(options => options.ResourceMetadata = new() { AuthorizationServers = { issuer }, ScopesSupported = ["mcp:tools"] });
        builder.Services.AddAuthorization();
        builder.Services.AddMcpServer()
            .WithHttpTransport(transport => transport.SessionMode = HttpServerSessionMode.Stateless)
            .WithTools([McpServerTool.Create((string symbol) => answer, new() { Name = "get_quote", Description = "The price of a stock.", ReadOnly = true })]);
        var app = builder.Build();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapMcp("/mcp").RequireAuthorization();
        await app.StartAsync();
        Console.WriteLine("ready");
        await app.WaitForShutdownAsync();
    }
}
