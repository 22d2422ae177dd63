using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace StockMcp.Brokerage.Market;

/// <summary>A share that can be traded here.</summary>
/// <param name="Symbol">One to five capital letters, and a dot and one letter for a class of shares.</param>
/// <param name="Name">The company's name.</param>
/// <param name="Exchange">Where it is listed, as Alpaca spells it.</param>
/// <param name="BasePrice">The price in USD around which its walk wanders.</param>
/// <param name="Volatility">How much it moves in a year: 0.3 is 30 %.</param>
public sealed partial record Stock(string Symbol, string Name, string Exchange, decimal BasePrice, double Volatility)
{
    /// <summary>Its id, the same on every machine.</summary>
    public Guid Id { get; } = new(SHA256.HashData(Encoding.UTF8.GetBytes("stockmcp/asset/" + Symbol)).AsSpan(0, 16));

    /// <summary>All of them. None exists outside this program.</summary>
    internal static IReadOnlyList<Stock> All { get; } =
    [
        new("ACME", "Acme Corporation", "NYSE", 42.10m, 0.35),
        new("CYBR", "Cyberdyne Systems", "NASDAQ", 128.75m, 0.54),
        new("DUFF.B", "Duff Breweries Class B", "NYSE", 18.40m, 0.24),
        new("GLOBX", "Globex Corporation", "NASDAQ", 87.20m, 0.41),
        new("HOOLI", "Hooli Inc.", "NASDAQ", 164.30m, 0.45),
        new("INIT", "Initech", "NASDAQ", 24.65m, 0.29),
        new("OSCRP", "Oscorp Industries", "NYSE", 56.80m, 0.49),
        new("SOYL", "Soylent Corporation", "NYSE", 33.15m, 0.25),
        new("STARK", "Stark Industries", "NYSE", 212.50m, 0.38),
        new("TYRL", "Tyrell Corporation", "NASDAQ", 301.90m, 0.46),
        new("UMBR", "Umbrella Corporation", "NYSE", 12.35m, 0.65),
        new("WAYNE", "Wayne Enterprises", "NYSE", 71.25m, 0.30),
    ];

    /// <summary>Whether a text could be a symbol at all: only then may it be repeated in an answer.</summary>
    internal static bool IsSymbol(string? text) => text is not null && text.Length <= 7 && Pattern().IsMatch(text);

    [GeneratedRegex(@"^[A-Z]{1,5}(\.[A-Z])?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 100)]
    private static partial Regex Pattern();
}
