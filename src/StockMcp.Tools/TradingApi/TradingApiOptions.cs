using System.ComponentModel.DataAnnotations;

namespace StockMcp.Tools.TradingApi;

/// <summary>The brokerage's API, in Alpaca's shape.</summary>
public sealed record TradingApiOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "TradingApi";

    /// <summary>Where it is, without the path <c>/v2</c>. https, or http on loopback.</summary>
    [Required(ErrorMessage = Section + ":BaseUrl is not set. Set it to the URL of the trading API, for example https://paper-api.alpaca.markets/.")]
    public Uri? BaseUrl { get; init; }

    /// <summary>Under which name the authorization server keeps people's accounts there. <c>brokerage</c> unless set.</summary>
    [Required(AllowEmptyStrings = false, ErrorMessage = Section + ":{0} must not be empty.")]
    [RegularExpression("^[a-z0-9-]{1,32}$", ErrorMessage = Section + ":{0} must be 1 to 32 lower-case letters, digits or hyphens.")]
    public string Connection { get; init; } = "brokerage";

    /// <summary>Prices, shares and the clock, where these are had otherwise than the account.</summary>
    public MarketDataOptions MarketData { get; init; } = new();

    /// <summary>How long one question may take, repetitions included. 0.1 to 60 seconds; 10 seconds unless set.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00", ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many questions may be under way at once. 1 to 10,000; 200 unless set.</summary>
    [Range(1, 10_000, ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public int Concurrency { get; init; } = 200;

    /// <summary>The largest answer that is read, in bytes. 64 KiB to 16 MiB; 1 MiB unless set.</summary>
    [Range(64 * 1024, 16 * 1024 * 1024, ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public int LargestAnswer { get; init; } = 1024 * 1024;
}

/// <summary>How the brokerage gives its market data. The setting <c>TradingApi:MarketData</c>.</summary>
public sealed record MarketDataOptions
{
    /// <summary>Where prices are, without the path <c>/v2</c>; the same as the trading API unless set.</summary>
    public Uri? BaseUrl { get; init; }

    /// <summary>The parameter <c>feed</c> of each question about prices, such as <c>iex</c>; none unless set.</summary>
    public string? Feed { get; init; }

    /// <summary>Whether prices, shares and the clock are shown to the brokerage's own customers only: then they are asked for with a token of the caller's account. False unless set.</summary>
    public bool NeedsAccount { get; init; }
}
