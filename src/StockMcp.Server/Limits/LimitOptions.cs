using System.ComponentModel.DataAnnotations;

namespace StockMcp.Server.Limits;

/// <summary>How much one person's agents may ask for, and how many wrong tokens one address may bring. Settings raise these; none turns them off.</summary>
internal sealed record LimitOptions
{
    public const string Section = "Limits";
    private const string Message = Section + ":{0} must lie between {1} and {2}.";

    /// <summary>Calls of one person at once, over all their agents: 1000 to 1000000; 1000 unless set.</summary>
    [Range(1_000, 1_000_000, ErrorMessage = Message)]
    public int BurstPerPerson { get; init; } = 1_000;

    /// <summary>Calls of one person in a minute, after the burst: 600 to 10000000; 600 unless set.</summary>
    [Range(600, 10_000_000, ErrorMessage = Message)]
    public int CallsPerMinuteAndPerson { get; init; } = 600;

    /// <summary>Orders that one person's agents may ask for in a minute: 20 to 10000; 20 unless set.</summary>
    [Range(20, 10_000, ErrorMessage = Message)]
    public int OrdersPerMinuteAndPerson { get; init; } = 20;

    /// <summary>Tokens that are not valid, in a minute from one address: 100 to 1000000; 100 unless set.</summary>
    [Range(100, 1_000_000, ErrorMessage = Message)]
    public int InvalidTokensPerMinuteAndAddress { get; init; } = 100;
}
