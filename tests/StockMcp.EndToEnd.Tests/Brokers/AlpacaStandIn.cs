using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;

namespace StockMcp.EndToEnd.Tests.Brokers;

/// <summary>
/// Alpaca as its public documentation describes it: the answers are the files beside this one, in the shapes of docs.alpaca.markets (OAuth, Trading API, Market Data API) and of its
/// own clients. It knows nothing of OpenID: no discovery, no PKCE, no refresh token, and access tokens that never expire.
/// </summary>
internal sealed class AlpacaStandIn : IAsyncDisposable
{
    public const string ClientId = "fc9c55efa3924f369d6c1148e668bbe8";
    public const string ClientSecret = "5b8027074d8ab434882c0806833e76508861c366";
    private readonly ConcurrentDictionary<string, string> codes = [];
    private readonly ConcurrentDictionary<string, string> tokens = [];
    private readonly ConcurrentDictionary<string, JsonObject> orders = [];
    private WebApplication app = null!;

    /// <summary>Where its hosts are, as paths of one address.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>Parameters of the last authorization request.</summary>
    public IReadOnlyDictionary<string, string> Authorization { get; private set; } = new Dictionary<string, string>();

    /// <summary>Every request of the two APIs: host, method, path with query.</summary>
    public ConcurrentQueue<string> Requests { get; } = [];

    /// <summary>What is answered in place of the next answers: an error of errors.json, by path.</summary>
    public ConcurrentDictionary<string, string> Errors { get; } = [];

    /// <summary>Headers of those errors.</summary>
    public Dictionary<string, string> ErrorHeaders { get; } = [];

    /// <summary>Every token that came with them.</summary>
    public ConcurrentQueue<string> Bearers { get; } = [];

    /// <summary>What a token that is none of its own may do; nothing unless set. For a provider that gives the broker's tokens in its place.</summary>
    public Func<string, string?> ForeignScopes { get; set; } = _ => null;

    public int OrderPosts => Requests.Count(request => request == "paper-api POST /v2/orders");

    public static async Task<AlpacaStandIn> StartAsync()
    {
        var alpaca = new AlpacaStandIn();
        var builder = WebApplication.CreateSlimBuilder();
        alpaca.Url = new Uri($"http://localhost:{FreePorts.Take()}/");
        builder.WebHost.UseUrls(alpaca.Url.AbsoluteUri);
        builder.Logging.ClearProviders();
        alpaca.app = builder.Build();
        alpaca.Map(alpaca.app);
        await alpaca.app.StartAsync();
        return alpaca;
    }

    /// <summary>A settings file with its hosts in place of Alpaca's.</summary>
    public string Rewrite(string settings) => settings
        .Replace("https://app.alpaca.markets", Url + "app", StringComparison.Ordinal).Replace("https://api.alpaca.markets", Url + "api", StringComparison.Ordinal)
        .Replace("https://paper-api.alpaca.markets", Url + "paper-api", StringComparison.Ordinal).Replace("https://data.alpaca.markets", Url + "data", StringComparison.Ordinal)
        .Replace("YOUR_CLIENT_ID", ClientId, StringComparison.Ordinal);

    /// <summary>The person ends the app's access in the dashboard.</summary>
    public void EndAccess() => tokens.Clear();

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private void Map(WebApplication routes)
    {
        routes.MapGet("/app/oauth/authorize", (HttpContext context) =>
        {
            Authorization = context.Request.Query.ToDictionary(parameter => parameter.Key, parameter => parameter.Value.ToString());
            return Authorization.GetValueOrDefault("response_type") == "code" && Authorization.GetValueOrDefault("client_id") == ClientId
                ? Results.Content("""<!DOCTYPE html><html lang="en"><body><main><h1>Authorize this app on your account</h1><form method="post"><button>Allow</button></form></main></body></html>""", "text/html")
                : Results.BadRequest();
        });
        routes.MapPost("/app/oauth/authorize", (HttpContext context) =>
        {
            var (code, query) = (Guid.NewGuid().ToString(), context.Request.Query);
            codes[code] = query["scope"].ToString();
            return Results.Redirect(QueryHelpers.AddQueryString(query["redirect_uri"].ToString(), new Dictionary<string, string?> { ["code"] = code, ["state"] = query["state"] }));
        });
        routes.MapPost("/api/oauth/token", async (HttpContext context) =>
        {
            var form = await context.Request.ReadFormAsync();
            if (form["client_id"] != ClientId || form["client_secret"] != ClientSecret) return Error("unauthorized", null);
            if (form["grant_type"] != "authorization_code" || !codes.TryRemove(form["code"].ToString(), out var scope)) return Error("invalid", null);
            var token = Guid.NewGuid().ToString();
            tokens[token] = scope;
            return Results.Json(new Dictionary<string, string> { ["access_token"] = token, ["token_type"] = "bearer", ["scope"] = scope });
        });

        Api("paper-api", "/v2/account", () => Read("account.json"));
        Api("paper-api", "/v2/positions", () => Read("positions.json"));
        Api("paper-api", "/v2/account/portfolio/history", () => Read("portfolio-history.json"));
        Api("paper-api", "/v2/clock", () => Read("clock.json"));
        Api("paper-api", "/v2/assets", () => new JsonArray(Read("asset.json")));
        Api("paper-api", "/v2/assets/AAPL", () => Read("asset.json"));
        Api("data", "/v2/stocks/AAPL/quotes/latest", () => Read("quote.json"));
        Api("data", "/v2/stocks/AAPL/trades/latest", () => Read("trade.json"));
        Api("data", "/v2/stocks/AAPL/bars", () => Read("bars.json"));
        routes.MapGet("/paper-api/v2/orders", context => AnswerAsync(context, "paper-api", _ => Results.Json(new JsonArray([.. orders.Values.Select(order => order.DeepClone())]))));
        routes.MapGet("/paper-api/v2/orders:by_client_order_id", context => AnswerAsync(context, "paper-api", request
            => orders.Values.FirstOrDefault(order => order["client_order_id"]!.GetValue<string>() == request.Query["client_order_id"]) is { } order ? Results.Json(order) : Error("order_not_found", context)));
        routes.MapGet("/paper-api/v2/orders/{id}", (HttpContext context, string id) => AnswerAsync(context, "paper-api", _ => orders.TryGetValue(id, out var order) ? Results.Json(order) : Error("order_not_found", context)));
        routes.MapDelete("/paper-api/v2/orders/{id}", (HttpContext context, string id) => AnswerAsync(context, "paper-api", _ => !orders.TryGetValue(id, out var order) ? Error("order_not_found", context)
            : order["status"]!.GetValue<string>() == "filled" ? Error("not_cancelable", context) : Results.NoContent()));
        routes.MapPost("/paper-api/v2/orders", async (HttpContext context) =>
        {
            var asked = (await JsonNode.ParseAsync(context.Request.Body))!.AsObject();
            await AnswerAsync(context, "paper-api", _ => Place(asked, context));
        });

        void Api(string host, string path, Func<JsonNode> answer) => routes.MapGet($"/{host}{path}", context => AnswerAsync(context, host, request
            => host == "data" && request.Query["feed"] != "iex" ? Error("no_subscription", context) : Results.Json(answer())));
    }

    private IResult Place(JsonObject asked, HttpContext context)
    {
        if (orders.Values.Any(known => known["client_order_id"]!.GetValue<string>() == asked["client_order_id"]!.GetValue<string>())) return Error("duplicate", context);
        var order = Read("order.json").AsObject();
        order["id"] = Guid.NewGuid().ToString();
        foreach (var field in new[] { "client_order_id", "symbol", "qty", "side", "type", "time_in_force", "limit_price", "stop_price" }) order[field] = asked[field]?.DeepClone();
        order["order_type"] = asked["type"]!.DeepClone();
        orders[order["id"]!.GetValue<string>()] = order;
        return Results.Json(order);
    }

    private async Task AnswerAsync(HttpContext context, string host, Func<HttpRequest, IResult> answer)
    {
        var path = context.Request.Path.Value![(host.Length + 1)..];
        Requests.Enqueue($"{host} {context.Request.Method} {path}{context.Request.QueryString}");
        var bearer = context.Request.Headers.Authorization.ToString();
        var token = bearer.StartsWith("Bearer ", StringComparison.Ordinal) ? bearer["Bearer ".Length..] : "";
        Bearers.Enqueue(token);
        var result = (tokens.GetValueOrDefault(token) ?? ForeignScopes(token)) is not { } scopes ? Error(host == "data" ? "forbidden" : "unauthorized", null)
            : context.Request.Method != HttpMethods.Get && !scopes.Split(' ').Contains("trading") ? Error("forbidden", null)
            : Errors.TryRemove($"{context.Request.Method} {path}", out var error) ? Error(error, context)
            : answer(context.Request);
        await result.ExecuteAsync(context);
    }

    private IResult Error(string name, HttpContext? context)
    {
        var error = Read("errors.json")[name]!;
        if (context is not null && error["status"]!.GetValue<int>() == StatusCodes.Status429TooManyRequests) foreach (var (header, value) in ErrorHeaders) context.Response.Headers[header] = value;
        return Results.Json(error["body"]!, statusCode: error["status"]!.GetValue<int>());
    }

    private static JsonNode Read(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(Toolbox.Repository, "tests", "StockMcp.EndToEnd.Tests", "Brokers", "alpaca", file)))!;
}
