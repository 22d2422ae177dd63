using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StockMcp.Authority.SignIn;

namespace StockMcp.Authority.Approvals;

/// <summary>Where a request for approval is on its way. It goes forward only.</summary>
public enum ApprovalState
{
    /// <summary>The person has not decided.</summary>
    Pending,

    /// <summary>The person said yes; nothing has been done yet.</summary>
    Approved,

    /// <summary>The person said no.</summary>
    Denied,

    /// <summary>Nobody decided in time, or nobody came for the yes.</summary>
    Expired,

    /// <summary>The person took the yes back before it was used.</summary>
    Cancelled,

    /// <summary>The yes was used: what it is for is being done.</summary>
    Executing,

    /// <summary>It was done.</summary>
    Placed,

    /// <summary>The other side refused it.</summary>
    Rejected,

    /// <summary>It was not done, and will not be.</summary>
    NotPlaced,

    /// <summary>Whether it was done cannot be told yet: it is looked up again.</summary>
    Unknown,
}

/// <summary>A request for a person's yes to exact terms, the decision, and the intent that comes of it (docs/decisions/0021): one row, so that none is without the others.</summary>
public sealed class Approval
{
    /// <summary>Its id on pages and in APIs: random, or derived from the agent's request_id. Nothing can be done with it but look.</summary>
    public Guid Id { get; init; }

    /// <summary>SHA-256 of the <c>auth_req_id</c>, base64url; the id itself is the client's alone (CB-02).</summary>
    public required string AuthReqIdHash { get; set; }

    /// <summary>Whose yes it takes.</summary>
    public required Guid PersonId { get; init; }

    /// <summary>The client that asked here: the MCP server.</summary>
    public required string ClientId { get; init; }

    /// <summary>The agent for which it asked: its client_id.</summary>
    public required string AgentId { get; init; }

    /// <summary>The resource that the token will be for.</summary>
    public required string Resource { get; init; }

    /// <summary>The scopes of the token, separated by spaces.</summary>
    public required string Scopes { get; init; }

    /// <summary>What the agent shows, too, so that the person knows that it is the same request (CIBA Core, section 7.1).</summary>
    public required string BindingMessage { get; init; }

    /// <summary>The authorization details: a JSON array of one element, as it came; within a mandate, of that one, too.</summary>
    public required string Details { get; init; }

    /// <summary>The client's <c>request_context</c>: shown, and believed by nobody.</summary>
    public string? Context { get; init; }

    /// <summary>What it moves at most, in USD; limits add these up.</summary>
    public decimal? Total { get; init; }

    /// <summary>Identifies the request while it is pending, so that the same one is not asked twice at once.</summary>
    public string? PendingKey { get; set; }

    /// <summary>The mandate within which it was ordered, without asking; none if the person was asked.</summary>
    public Guid? MandateId { get; init; }

    /// <summary>Identifies one call of the client for an order within a mandate, so that the same call, come again, is the same order.</summary>
    public string? RequestKey { get; init; }

    /// <summary>When it was asked.</summary>
    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>Until when the person may decide, and the client come for the token.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Where it is.</summary>
    public ApprovalState State { get; set; }

    /// <summary>When it last changed: how copies hear of each other's changes.</summary>
    public DateTimeOffset ChangedAt { get; set; }

    /// <summary>When the person decided.</summary>
    public DateTimeOffset? DecidedAt { get; set; }

    /// <summary>Until when what was approved may be sent; set as the yes is used.</summary>
    public DateTimeOffset? Deadline { get; set; }

    /// <summary>Whether the current <c>auth_req_id</c> was redeemed.</summary>
    public bool Redeemed { get; set; }

    /// <summary>From when the client may ask the token endpoint again.</summary>
    public DateTimeOffset NextPollAt { get; set; }

    /// <summary>How many seconds lie between two polls.</summary>
    public int PollInterval { get; set; }

    /// <summary>Until when one copy of the client alone works on it.</summary>
    public DateTimeOffset? LeaseEndsAt { get; set; }

    /// <summary>How often it was given out again.</summary>
    public int Leases { get; set; }

    /// <summary>The order that came of it, in the other side's words.</summary>
    public string? OrderId { get; set; }

    /// <summary>The order's state there.</summary>
    public string? OrderStatus { get; set; }

    /// <summary>How much of it is filled.</summary>
    public string? FilledQuantity { get; set; }

    /// <summary>At which price.</summary>
    public string? FilledPrice { get; set; }

    /// <summary>When the other side took it, as it says.</summary>
    public DateTimeOffset? SubmittedAt { get; set; }

    /// <summary>When it was filled, as the other side says.</summary>
    public DateTimeOffset? FilledAt { get; set; }

    /// <summary>Why it ended so: a stable code.</summary>
    public string? Reason { get; set; }

    /// <summary>The scopes of the token.</summary>
    public IReadOnlyList<string> ScopeList => Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Under which the order is known at the broker: derived, so that every copy makes the same (OX-04).</summary>
    public string ClientOrderId => $"stockmcp-{Id:N}";

    /// <inheritdoc/>
    public override string ToString() => $"{Id} {State}";
}

internal sealed class ApprovalConfiguration : IEntityTypeConfiguration<Approval>
{
    public void Configure(EntityTypeBuilder<Approval> builder)
    {
        builder.ToTable("Approvals");
        builder.HasOne<Person>().WithMany().HasForeignKey(approval => approval.PersonId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(approval => approval.AuthReqIdHash).IsUnique();
        builder.HasIndex(approval => approval.PendingKey).IsUnique();
        builder.HasIndex(approval => approval.RequestKey).IsUnique();
        builder.HasIndex(approval => approval.MandateId);
        builder.HasIndex(approval => new { approval.PersonId, approval.RequestedAt });
        builder.HasIndex(approval => new { approval.AgentId, approval.RequestedAt });
        builder.HasIndex(approval => new { approval.State, approval.ExpiresAt });
        builder.HasIndex(approval => approval.ChangedAt);
        builder.Ignore(approval => approval.ScopeList).Ignore(approval => approval.ClientOrderId);
    }
}

/// <summary>An agent that a person told to stop asking for a while.</summary>
public sealed class StoppedAgent
{
    /// <summary>The person.</summary>
    public required Guid PersonId { get; init; }

    /// <summary>The agent's client_id.</summary>
    public required string AgentId { get; init; }

    /// <summary>Until when it is not asked for.</summary>
    public required DateTimeOffset Until { get; set; }
}

internal sealed class StoppedAgentConfiguration : IEntityTypeConfiguration<StoppedAgent>
{
    public void Configure(EntityTypeBuilder<StoppedAgent> builder)
    {
        builder.ToTable("StoppedAgents").HasKey(stopped => new { stopped.PersonId, stopped.AgentId });
        builder.HasOne<Person>().WithMany().HasForeignKey(stopped => stopped.PersonId).OnDelete(DeleteBehavior.Cascade);
    }
}
