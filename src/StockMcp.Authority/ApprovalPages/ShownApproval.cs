using StockMcp.Authority.Approvals;
using StockMcp.Authority.AuthorizationDetails;

namespace StockMcp.Authority.ApprovalPages;

/// <summary>An approval as pages show it.</summary>
public sealed record ShownApproval
{
    /// <summary>Its id.</summary>
    public required Guid Id { get; init; }

    /// <summary>Where it is; one whose time is over is expired, whether that is written down or not.</summary>
    public required ApprovalState State { get; init; }

    /// <summary>What it is about: of the stored details alone (AP-01).</summary>
    public required Terms Terms { get; init; }

    /// <summary>What the app's server says beside it.</summary>
    public required ShownContext Context { get; init; }

    /// <summary>What the app shows, too.</summary>
    public required string Code { get; init; }

    /// <summary>Who asks.</summary>
    public required ShownAgent Agent { get; init; }

    /// <summary>When it was asked.</summary>
    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>Until when the person may decide.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>How long the person has; zero if they have decided.</summary>
    public required TimeSpan Left { get; init; }

    /// <summary>When the person decided.</summary>
    public DateTimeOffset? DecidedAt { get; init; }

    /// <summary>The order, in the broker's words.</summary>
    public string? OrderId { get; init; }

    /// <summary>Its state there.</summary>
    public string? OrderStatus { get; init; }

    /// <summary>How much of it is filled.</summary>
    public string? FilledQuantity { get; init; }

    /// <summary>At which price.</summary>
    public string? FilledPrice { get; init; }

    /// <summary>Why it ended so, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>The mandate within which it was ordered, without asking.</summary>
    public Guid? MandateId { get; init; }

    /// <summary>Changes with everything that the page shows of it.</summary>
    public required string Version { get; init; }

    /// <summary>Its page.</summary>
    public string Path => ApprovalExtensions.PageOf(Id);

    /// <summary>Whether the person has to decide.</summary>
    public bool IsPending => State == ApprovalState.Pending;
}

/// <summary>An agent as pages show it.</summary>
/// <param name="Name">What it calls itself.</param>
/// <param name="Unchecked">Whether nobody has checked it.</param>
/// <param name="IdentityHost">The host of its client_id, if that is a URL.</param>
/// <param name="ReturnsTo">Where the person's browser went when they allowed it.</param>
public sealed record ShownAgent(string Name, bool Unchecked, string? IdentityHost, IReadOnlyList<string> ReturnsTo);
