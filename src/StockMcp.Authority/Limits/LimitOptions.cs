using System.ComponentModel.DataAnnotations;

namespace StockMcp.Authority.Limits;

/// <summary>How much one address may ask for. Settings raise these; none turns them off.</summary>
internal sealed record LimitOptions
{
    public const string Section = "Limits";
    private const string Message = Section + ":{0} must lie between {1} and {2}.";

    /// <summary>Requests that fail at the token endpoint, in a minute from one client at one address: 20 to 1000000; 20 unless set.</summary>
    [Range(20, 1_000_000, ErrorMessage = Message)]
    public int TokenFailuresPerMinute { get; init; } = 20;

    /// <summary>Authorization requests, in a minute from one address: 60 to 1000000; 60 unless set.</summary>
    [Range(60, 1_000_000, ErrorMessage = Message)]
    public int AuthorizationRequestsPerMinute { get; init; } = 60;

    /// <summary>Clients that are the URL of a document and were never seen before, in a minute from one address: 10 to 1000000; 10 unless set.</summary>
    [Range(10, 1_000_000, ErrorMessage = Message)]
    public int NewMetadataDocumentsPerMinute { get; init; } = 10;
}
