using System.Net;
using System.Net.Http.Headers;
using System.Net.Mime;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Timeout;
using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;
using StockMcp.Tools.Scopes;

namespace StockMcp.Tools.TradingApi;

/// <summary>
/// The brokerage's API, in Alpaca's shape, for the current caller. Market data is asked for without a token unless the brokerage wants one; everything else with one of the caller's own account.
/// </summary>
internal sealed partial class TradingClient(HttpClient http, IUpstreamTokens tokens, Caller caller, IOptions<TradingApiOptions> options, TimeProvider time, ILogger<TradingClient> logger)
{
    private static readonly IReadOnlyList<string> s_portfolio = [StockScopes.PortfolioRead];
    private static readonly IReadOnlyList<string> s_orders = [StockScopes.OrdersRead];
    private static readonly IReadOnlyList<string> s_trading = [StockScopes.OrdersWrite];

    public Task<AccountAnswer> GetAccountAsync(CancellationToken cancellationToken) => GetAsync<AccountAnswer>("v2/account", s_portfolio, cancellationToken);

    /// <summary>The same, for an agent that may ask for orders and not look at the account; not every brokerage shows it then.</summary>
    public Task<AccountAnswer> GetAccountToTradeAsync(CancellationToken cancellationToken) => GetAsync<AccountAnswer>("v2/account", s_trading, cancellationToken);

    public Task<IReadOnlyList<PositionAnswer>> ListPositionsAsync(CancellationToken cancellationToken) => GetAsync<IReadOnlyList<PositionAnswer>>("v2/positions", s_portfolio, cancellationToken);

    public Task<PortfolioHistoryAnswer> GetPortfolioHistoryAsync(int days, CancellationToken cancellationToken)
        => GetAsync<PortfolioHistoryAnswer>($"v2/account/portfolio/history?period={days}D&timeframe={(days <= 7 ? "1H" : "1D")}", s_portfolio, cancellationToken);

    /// <param name="query">The query, escaped.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public Task<IReadOnlyList<OrderAnswer>> ListOrdersAsync(string query, CancellationToken cancellationToken)
        => GetAsync<IReadOnlyList<OrderAnswer>>("v2/orders?" + query, s_orders, cancellationToken);

    /// <returns><see langword="null"/> if the account has none of that id.</returns>
    public Task<OrderAnswer?> FindOrderAsync(Guid id, CancellationToken cancellationToken) => FindAsync<OrderAnswer>($"v2/orders/{id:D}", s_orders, cancellationToken);

    /// <inheritdoc cref="FindOrderAsync(Guid, CancellationToken)"/>
    public Task<OrderAnswer?> FindOrderAsync(string clientOrderId, CancellationToken cancellationToken)
        => FindAsync<OrderAnswer>($"v2/orders:by_client_order_id?client_order_id={Uri.EscapeDataString(clientOrderId)}", s_orders, cancellationToken);

    /// <summary>The same as <see cref="FindOrderAsync(Guid, CancellationToken)"/>, for an agent that may cancel orders.</summary>
    public Task<OrderAnswer?> FindOrderToCancelAsync(Guid id, CancellationToken cancellationToken) => FindAsync<OrderAnswer>($"v2/orders/{id:D}", s_trading, cancellationToken);

    /// <summary>Asks for an order's end. It may be asked twice: an order ends once.</summary>
    public async Task<Cancellation> CancelOrderAsync(Guid id, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var token = await tokens.GetAsync(options.Value.Connection, s_trading, cancellationToken);
            using var response = await SendAsync(HttpMethod.Delete, $"v2/orders/{id:D}", token, cancellationToken);
            if (response.StatusCode == HttpStatusCode.Unauthorized)
            {
                await tokens.ForgetAsync(options.Value.Connection, s_trading, token, cancellationToken);
                if (attempt == 1) continue;
            }
            return response.StatusCode switch
            {
                HttpStatusCode.NoContent or HttpStatusCode.OK or HttpStatusCode.Accepted => Cancellation.Accepted,
                HttpStatusCode.NotFound => Cancellation.NoSuchOrder,
                HttpStatusCode.UnprocessableEntity => Cancellation.Ended,
                _ => throw Refusal(response),
            };
        }
    }

    public Task<IReadOnlyList<AssetAnswer>> ListAssetsAsync(CancellationToken cancellationToken) => GetAsync<IReadOnlyList<AssetAnswer>>("v2/assets?status=active&asset_class=us_equity", MarketScopes, cancellationToken);

    public async Task<AssetAnswer> GetAssetAsync(string symbol, CancellationToken cancellationToken)
        => Same(symbol, await FindAsync<AssetAnswer>($"v2/assets/{Uri.EscapeDataString(symbol)}", MarketScopes, cancellationToken) ?? throw NoSuchShare(symbol), answer => answer.Symbol);

    public Task<ClockAnswer> GetClockAsync(CancellationToken cancellationToken) => GetAsync<ClockAnswer>("v2/clock", MarketScopes, cancellationToken);

    public async Task<QuoteAnswer> GetQuoteAsync(string symbol, CancellationToken cancellationToken)
        => Same(symbol, await FindAsync<LatestQuoteAnswer>(Market($"v2/stocks/{Uri.EscapeDataString(symbol)}/quotes/latest"), MarketScopes, cancellationToken) ?? throw NoSuchShare(symbol), answer => answer.Symbol).Quote;

    public async Task<TradeAnswer> GetTradeAsync(string symbol, CancellationToken cancellationToken)
        => Same(symbol, await FindAsync<LatestTradeAnswer>(Market($"v2/stocks/{Uri.EscapeDataString(symbol)}/trades/latest"), MarketScopes, cancellationToken) ?? throw NoSuchShare(symbol), answer => answer.Symbol).Trade;

    public async Task<IReadOnlyList<BarAnswer>> ListBarsAsync(string symbol, string timeframe, DateTimeOffset start, int limit, CancellationToken cancellationToken)
        => Same(symbol, await FindAsync<BarsAnswer>(Market($"v2/stocks/{Uri.EscapeDataString(symbol)}/bars?timeframe={timeframe}&start={start.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}&limit={limit}"), MarketScopes, cancellationToken) ?? throw NoSuchShare(symbol), answer => answer.Symbol).Bars ?? [];

    private static TradingException NoSuchShare(string symbol)
        => new(ErrorCode.NotFound, $"There is no share with the symbol {symbol}. Find the right symbol with search_stocks.") { Argument = "symbol" };

    private static T Same<T>(string symbol, T answer, Func<T, string> symbolOf) => symbolOf(answer) == symbol ? answer : throw Garbage("it is about another share");

    /// <summary>Whether market data is asked for with a token of the caller's own account.</summary>
    public bool MarketNeedsAccount => MarketData.NeedsAccount;

    private MarketDataOptions MarketData => options.Value.MarketData;

    // Any right of the agent's that opens the account will do: prices are no secret of it.
    private IReadOnlyList<string>? MarketScopes => !MarketData.NeedsAccount ? null
        : caller.Scopes.Contains(StockScopes.PortfolioRead) ? s_portfolio
        : caller.Scopes.Contains(StockScopes.OrdersRead) ? s_orders
        : caller.Scopes.Contains(StockScopes.OrdersWrite) ? s_trading
        : throw new TradingException(ErrorCode.AuthorizationRefused, $"This brokerage shows prices to its own customers only. Sign the agent in again, and let the person tick {StockScopes.PortfolioRead}.");

    // Prices may be at a host of their own.
    private string Market(string path)
    {
        if (MarketData.Feed is { } feed) path += (path.Contains('?', StringComparison.Ordinal) ? "&feed=" : "?feed=") + feed;
        return MarketData.BaseUrl is { } url ? new Uri(TradingApiExtensions.Base(url), path).AbsoluteUri : path;
    }

    private async Task<T> GetAsync<T>(string path, IReadOnlyList<string>? scopes, CancellationToken cancellationToken) where T : class
        => await FindAsync<T>(path, scopes, cancellationToken) ?? throw new TradingException(ErrorCode.UpstreamRefused, "The brokerage does not serve this.");

    // A token that the brokerage refuses, although it has not expired, was ended there: one fresh exchange tells whether the connection still stands.
    private async Task<T?> FindAsync<T>(string path, IReadOnlyList<string>? scopes, CancellationToken cancellationToken) where T : class
    {
        for (var attempt = 1; ; attempt++)
        {
            var token = scopes is null ? null : await tokens.GetAsync(options.Value.Connection, scopes, cancellationToken);
            using var response = await SendAsync(HttpMethod.Get, path, token, cancellationToken);
            if (response.StatusCode == HttpStatusCode.Unauthorized && token is not null)
            {
                await tokens.ForgetAsync(options.Value.Connection, scopes!, token, cancellationToken);
                if (attempt == 1) continue;
            }
            return response.StatusCode switch
            {
                HttpStatusCode.OK => await ReadAsync<T>(response, cancellationToken),
                HttpStatusCode.NotFound => null,
                _ => throw Refusal(response),
            };
        }
    }

    private TradingException Refusal(HttpResponseMessage response) => Refused(response, response.StatusCode switch
    {
        HttpStatusCode.TooManyRequests => new(ErrorCode.TooManyRequests, $"The brokerage limits how often it is asked, and this account asked too often. {(RateLimit.PauseOf(response, time) is { } pause ? $"Retry in {pause.TotalSeconds:0} seconds" : "Retry in a minute")}, and ask less often."),
        HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError => TradingException.Unavailable("the brokerage"),
        HttpStatusCode.Unauthorized => new(ErrorCode.ConnectionRequired, "The brokerage does not accept the connection to this account any more. The person has to connect the account again: whoami names the page."),
        HttpStatusCode.Forbidden => new(ErrorCode.UpstreamRefused, "The brokerage does not allow this for this account."),
        _ => new(ErrorCode.UpstreamRefused, "The brokerage refused the request."),
    });

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, UpstreamAccessToken? token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Accept.Add(new(MediaTypeNames.Application.Json));
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Value);
        try
        {
            return await http.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw Garbage("it is too large", exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or ExecutionRejectedException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogUnavailable(exception is TimeoutRejectedException ? "no answer in time" : exception.GetType().Name);
            throw TradingException.Unavailable("the brokerage", exception);
        }
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage response, CancellationToken cancellationToken) where T : class
    {
        if (response.Content.Headers.ContentType?.MediaType != MediaTypeNames.Application.Json) throw LogGarbage(Garbage("it is not JSON"));
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            return await JsonSerializer.DeserializeAsync<T>(body, AnswerJson.Options, cancellationToken) ?? throw new JsonException("null");
        }
        catch (Exception exception) when (exception is JsonException or FormatException or OverflowException)
        {
            throw LogGarbage(Garbage("it is not what was asked for", exception));
        }
    }

    private static TradingException Garbage(string why, Exception? cause = null)
        => new(ErrorCode.UpstreamAnswerInvalid, $"The brokerage's answer cannot be used: {why}. Nothing of it is passed on.", cause);

    private TradingException LogGarbage(TradingException exception)
    {
        LogInvalid(exception.Message, exception.InnerException?.GetType().Name);
        return exception;
    }

    private TradingException Refused(HttpResponseMessage response, TradingException exception)
    {
        LogRefused((int)response.StatusCode, response.RequestMessage?.RequestUri?.AbsolutePath);
        return exception;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The brokerage cannot be reached: {Reason}")]
    private partial void LogUnavailable(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The brokerage answered {Status} to {Path}")]
    private partial void LogRefused(int status, string? path);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Message} {Cause}")]
    private partial void LogInvalid(string message, string? cause);
}

/// <summary>What the brokerage says to the wish to end an order.</summary>
internal enum Cancellation
{
    Accepted,
    Ended,
    NoSuchOrder,
}
