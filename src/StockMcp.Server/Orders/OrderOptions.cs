using System.ComponentModel.DataAnnotations;

namespace StockMcp.Server.Orders;

/// <summary>How approved orders are placed.</summary>
public sealed record OrderOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Orders";
    private const string Message = Section + ":{0} must lie between {1} and {2}.";

    /// <summary>
    /// Whether the brokerage puts authorization details into its tokens and holds each order to them; true unless set. With true, an order goes out only with a token that carries exactly it.
    /// With false, this server's own comparison with what the person approved is the last check.
    /// </summary>
    public bool UpstreamKnowsAuthorizationDetails { get; init; } = true;

    /// <summary>How often this copy looks for approved orders that nobody finishes. 0.1 seconds to 1 minute; 5 seconds unless set.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00", ErrorMessage = Message)]
    public TimeSpan LeaseEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the brokerage is asked for an order that it did not answer about, before it is unknown for now. 0.1 to 60 seconds; 10 seconds unless set.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00", ErrorMessage = Message)]
    public TimeSpan LookUpFor { get; init; } = TimeSpan.FromSeconds(10);
}
