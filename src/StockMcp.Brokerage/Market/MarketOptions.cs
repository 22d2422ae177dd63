using System.ComponentModel.DataAnnotations;

namespace StockMcp.Brokerage.Market;

/// <summary>How the made-up market behaves.</summary>
public sealed record MarketOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Market";

    /// <summary>Whether shares can be traded at any hour of any day, as a demo wants it; otherwise 09:30 to 16:00 in New York on weekdays. True unless set.</summary>
    public bool AlwaysOpen { get; init; } = true;

    /// <summary>Decides every price there ever was and will be: the same seed gives the same prices, on every machine and after every restart. 0 or more; 1939 unless set.</summary>
    [Range(0, int.MaxValue, ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public int Seed { get; init; } = 1939;

    /// <summary>The gap between bid and ask, as a part of the price; a cent either way at least. 0 to 0.05; 0.0008 unless set.</summary>
    [Range(typeof(decimal), "0", "0.05", ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public decimal Spread { get; init; } = 0.0008m;
}
