using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StockMcp.Tools.Connections;
using StockMcp.Tools.TradingApi;

namespace StockMcp.Tools.Tests.TradingApi;

/// <summary>A brokerage on a real port that answers whatever a test wants, and the client that asks it.</summary>
internal sealed class FaultyBrokerage : IAsyncDisposable
{
    private readonly WebApplication app;
    private ServiceProvider services = null!;

    private FaultyBrokerage(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration["Urls"] = "http://127.0.0.1:0";
        builder.Logging.ClearProviders();
        app = builder.Build();
        app.Run(context =>
        {
            Requests.Enqueue((context.Request.Path + context.Request.QueryString, context.Request.Headers.Authorization.ToString()));
            return answer(context);
        });
    }

    public ConcurrentQueue<(string Path, string Authorization)> Requests { get; } = new();

    public Tokens Tokens { get; } = new();

    public TradingClient Client { get; private set; } = null!;

    public OrderDesk Desk { get; private set; } = null!;

    public string Url { get; private set; } = "";

    public static Task<FaultyBrokerage> AnsweringAsync(string body, int status = 200, string type = "application/json") => StartAsync(context =>
    {
        (context.Response.StatusCode, context.Response.ContentType) = (status, type);
        return context.Response.WriteAsync(body);
    });

    public static async Task<FaultyBrokerage> StartAsync(RequestDelegate answer, params (string Key, string Value)[] settings)
    {
        var brokerage = new FaultyBrokerage(answer);
        await brokerage.app.StartAsync();
        brokerage.Url = brokerage.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        var collection = new ServiceCollection();
        collection.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection([new("TradingApi:BaseUrl", brokerage.Url), .. settings.Select(setting => new KeyValuePair<string, string?>(setting.Key, setting.Value))]).Build());
        collection.AddLogging();
        collection.AddSingleton<IUpstreamTokens>(brokerage.Tokens);
        collection.AddSingleton(new Caller("https://issuer.example/", "alice", "agent", new HashSet<string>(["orders:read"])));
        collection.AddTradingApi();
        brokerage.services = collection.BuildServiceProvider();
        brokerage.Client = brokerage.services.GetRequiredService<TradingClient>();
        brokerage.Desk = brokerage.services.GetRequiredService<OrderDesk>();
        return brokerage;
    }

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        await app.StopAsync();
        await app.DisposeAsync();
    }
}

/// <summary>Hands out numbered tokens.</summary>
internal sealed class Tokens : IUpstreamTokens
{
    private int number = 1;

    public List<string> Asked { get; } = [];

    public Task<UpstreamAccessToken> GetAsync(string connection, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
    {
        Asked.Add($"{connection}: {string.Join(' ', scopes)}");
        return Task.FromResult(new UpstreamAccessToken("token-" + number, DateTimeOffset.MaxValue));
    }

    public Task ForgetAsync(string connection, IReadOnlyList<string> scopes, UpstreamAccessToken refused, CancellationToken cancellationToken)
    {
        if (refused.Value == "token-" + number) number++;
        return Task.CompletedTask;
    }
}
