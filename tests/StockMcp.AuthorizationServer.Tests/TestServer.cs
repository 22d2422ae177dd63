using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenIddict.Abstractions;
using StockMcp.AuthorizationServer.Database;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.AuthorizationServer.Tests;

/// <summary>The smallest authorization server that can be built on the library, on a real port.</summary>
internal sealed class TestServer(WebApplication app, string data) : IAsyncDisposable
{
    public const string PublicUrl = "https://auth.example.com";

    public HttpClient Http { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()),
        DefaultRequestHeaders = { Host = "auth.example.com" },
    };

    public string Data => data;

    public IServiceProvider Services => app.Services;

    public static async Task<TestServer> StartAsync(string? data = null, params (string Key, string Value)[] settings) => await StartAsync(data, null, settings);

    public static async Task<TestServer> StartAsync(TimeProvider time) => await StartAsync(null, time);

    private static async Task<TestServer> StartAsync(string? data, TimeProvider? time, params (string Key, string Value)[] settings)
    {
        data ??= Directory.CreateTempSubdirectory("stockmcp-").FullName;
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["PublicUrl"] = PublicUrl, ["Urls"] = "http://127.0.0.1:0", ["DataDirectory"] = data });
        builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value));
        builder.Logging.ClearProviders();
        if (time is not null) builder.Services.AddSingleton(time);
        builder.AddServiceDefaults();
        builder.AddAuthorizationServer<TestDatabase, TestDatabase>("test", "/assets/test.css", server => server.RegisterScopes("read"));
        builder.Services.AddAuthentication();
        builder.Services.AddAuthorization();
        var app = builder.Build();
        using (var scope = app.Services.CreateScope()) await scope.ServiceProvider.GetRequiredService<TestDatabase>().Database.EnsureCreatedAsync();
        app.UseSecurityHeaders();
        app.UseAuthorizationServer<TestDatabase>();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapServiceDefaults(typeof(TestServer).Assembly);
        app.MapGet("/connect/authorize", () => "passed through");
        await app.StartAsync();
        var server = new TestServer(app, data);
        await server.AddClientAsync();
        return server;
    }

    private async Task AddClientAsync()
    {
        await using var scope = app.Services.CreateAsyncScope();
        var clients = scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>();
        if (await clients.FindByClientIdAsync("app") is not null) return;
        await clients.CreateAsync(new OpenIddictApplicationDescriptor
        {
            ClientId = "app",
            ClientType = ClientTypes.Public,
            RedirectUris = { new Uri("https://app.example.com/callback") },
            Permissions = { Permissions.Endpoints.Authorization, Permissions.Endpoints.Token, Permissions.GrantTypes.AuthorizationCode, Permissions.ResponseTypes.Code, Permissions.Prefixes.Scope + "read" },
        });
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.DisposeAsync();
    }
}

internal sealed class TestDatabase(DbContextOptions<TestDatabase> options) : AuthorizationServerDbContext(options);
