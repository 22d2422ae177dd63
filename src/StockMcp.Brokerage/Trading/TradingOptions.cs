using System.ComponentModel.DataAnnotations;

namespace StockMcp.Brokerage.Trading;

/// <summary>What a new customer finds.</summary>
internal sealed record TradingOptions
{
    public const string Section = "Trading";

    /// <summary>In USD, in a new account. 0 to 100 million; 10,000 unless set.</summary>
    [Range(typeof(decimal), "0", "100000000", ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public decimal StartingCash { get; init; } = 10_000m;
}
