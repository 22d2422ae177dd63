using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using OpenIddict.Validation;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Server.Tests.Fixture;

/// <summary>The real Brokerage on a free port, with an account for each person that a token is asked for. It can be stopped and started again on the same port and data.</summary>
internal sealed class TestBrokerage : IAsyncDisposable
{
    private readonly string data = Directory.CreateTempSubdirectory("stockmcp-brokerage-").FullName;
    private readonly ConcurrentDictionary<string, Lazy<Guid>> accounts = new();
    private readonly (string Key, string Value)[] settings;
    private WebApplication? app;
    private int port;

    private TestBrokerage((string Key, string Value)[] settings)
    {
        this.settings = settings;
        Gate = new OrderGate(this);
    }

    /// <summary>Where orders of third parties come in.</summary>
    public OrderGate Gate { get; }

    public Uri Url => new($"http://127.0.0.1:{port}/");

    /// <summary>Path and Authorization header of every request to the API.</summary>
    public ConcurrentQueue<(string Path, string Authorization)> Requests { get; } = new();

    public StockMarket Market => app!.Services.GetRequiredService<StockMarket>();

    public TradingDesk Desk => app!.Services.GetRequiredService<TradingDesk>();

    public static async Task<TestBrokerage> StartAsync(params (string Key, string Value)[] settings)
    {
        var brokerage = new TestBrokerage(settings);
        await brokerage.StartAsync();
        return brokerage;
    }

    public async Task StartAsync()
    {
        app = StockMcp.Brokerage.Program.Build(["--environment", "Development"], builder =>
        {
            builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["PublicUrl"] = "http://localhost:7003", ["Urls"] = $"http://127.0.0.1:{port}", ["DataDirectory"] = data, ["DemoUsers"] = "false" });
            builder.Configuration.AddInMemoryCollection(settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value));
            builder.Logging.ClearProviders();
            builder.Services.AddSingleton<IStartupFilter>(new Recorder(Requests, Gate));
            // Tokens are minted here and not by a sign-in: all is checked but the row that the sign-in would have stored.
            builder.Services.PostConfigure<OpenIddictValidationOptions>(options => (options.EnableAuthorizationEntryValidation, options.EnableTokenEntryValidation) = (false, false));
        });
        await app.StartAsync();
        port = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
    }

    public async Task StopAsync()
    {
        if (app is not { } running) return;
        app = null;
        await running.StopAsync();
        await running.DisposeAsync();
    }

    public Guid AccountOf(string user) => accounts.GetOrAdd(user, _ => new Lazy<Guid>(() =>
    {
        var id = Guid.CreateVersion7();
        Desk.OpenAccountAsync(id).GetAwaiter().GetResult();
        return id;
    })).Value;

    public Task<Order> OrderAsync(string user, string symbol = "WAYNE", decimal quantity = 1, OrderSide side = OrderSide.Buy, decimal? limit = null, string? clientOrderId = null) => Desk.PlaceOrderAsync(AccountOf(user), new NewOrder
    {
        Symbol = symbol,
        Side = side,
        Type = limit is null ? OrderType.Market : OrderType.Limit,
        TimeInForce = TimeInForce.Day,
        Quantity = quantity,
        LimitPrice = limit,
        ClientOrderId = clientOrderId,
    });

    /// <summary>A token of the Brokerage's own, for the agent-side scope.</summary>
    public string Token(string user, string scope) => Token(user, scope, null, null);

    /// <summary>One that is good for one order.</summary>
    public string OneOrderToken(string user, string details, string transaction) => Token(user, "orders:write", details, transaction);

    private string Token(string user, string scope, string? details, string? transaction)
    {
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        var claims = new Dictionary<string, object>
        {
            ["sub"] = AccountOf(user).ToString(),
            ["client_id"] = "stockmcp-authority",
            ["scope"] = scope.Replace("portfolio:read", "account:read").Replace("orders:write", "orders:read trading"),
            ["jti"] = Guid.CreateVersion7().ToString(),
        };
        if (details is not null) (claims["authorization_details"], claims["txn"]) = (System.Text.Json.JsonDocument.Parse(details).RootElement, transaction!);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = "at+jwt",
            Issuer = "http://localhost:7003/",
            Audience = "http://localhost:7003/v2",
            IssuedAt = now,
            Expires = now.AddMinutes(10),
            Claims = claims,
            SigningCredentials = app!.Services.GetRequiredService<IOptionsMonitor<OpenIddictServerOptions>>().CurrentValue.SigningCredentials[0],
        });
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Gate.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(data, recursive: true);
    }

    private sealed class Recorder(ConcurrentQueue<(string, string)> requests, OrderGate gate) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, following) =>
            {
                requests.Enqueue((context.Request.Path, context.Request.Headers.Authorization.ToString()));
                return gate.TakeAsync(context, following);
            });
            next(app);
        };
    }
}
