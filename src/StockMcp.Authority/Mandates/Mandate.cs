using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StockMcp.Authority.SignIn;

namespace StockMcp.Authority.Mandates;

/// <summary>A person's leave for one agent to order within bounds, and what of it is used. Amounts are whole cents, so that both kinds of database count alike.</summary>
public sealed class Mandate
{
    /// <summary>Its id: it stands in tokens and on pages, and nothing can be done with it but look.</summary>
    public required Guid Id { get; init; }

    /// <summary>Whose.</summary>
    public required Guid PersonId { get; init; }

    /// <summary>The agent's client_id.</summary>
    public required string AgentId { get; init; }

    /// <summary>The bounds as the person saw them, with the id: one element of authorization details.</summary>
    public required string Details { get; init; }

    /// <summary>When the person granted it.</summary>
    public required DateTimeOffset GrantedAt { get; init; }

    /// <summary>When it ends by itself.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it was ended before its time.</summary>
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>What all orders may come to.</summary>
    public required long BudgetCents { get; init; }

    /// <summary>What a day's orders may come to.</summary>
    public required long DailyCents { get; init; }

    /// <summary>What orders came to so far.</summary>
    public long UsedCents { get; set; }

    /// <summary>What orders of the day <see cref="Day"/> came to.</summary>
    public long UsedOnDayCents { get; set; }

    /// <summary>The last day on which it was used, in UTC: days since 0001-01-01.</summary>
    public int Day { get; set; }

    /// <summary>The bounds.</summary>
    public MandateTerms Terms
    {
        get
        {
            using var document = JsonDocument.Parse(Details);
            return MandateTerms.Read(document.RootElement);
        }
    }

    /// <summary>Whether orders can be placed with it.</summary>
    public bool IsGood(DateTimeOffset now) => EndedAt is null && ExpiresAt > now;

    /// <summary>What is left in all, in USD.</summary>
    public decimal Left => (BudgetCents - UsedCents) / 100m;

    /// <summary>What is left of a day, in USD: never more than in all.</summary>
    public decimal LeftOn(int day) => Math.Min(BudgetCents - UsedCents, DailyCents - (Day >= day ? UsedOnDayCents : 0)) / 100m;

    /// <summary>The day of a time, as <see cref="Day"/> counts.</summary>
    public static int DayOf(DateTimeOffset time) => DateOnly.FromDateTime(time.UtcDateTime).DayNumber;

    /// <summary>An amount in cents; fractions of one count as one.</summary>
    public static long Cents(decimal amount) => (long)decimal.Ceiling(amount * 100);

    /// <inheritdoc/>
    public override string ToString() => Id.ToString();
}

internal sealed class MandateConfiguration : IEntityTypeConfiguration<Mandate>
{
    public void Configure(EntityTypeBuilder<Mandate> builder)
    {
        builder.ToTable("Mandates");
        builder.HasOne<Person>().WithMany().HasForeignKey(mandate => mandate.PersonId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(mandate => new { mandate.PersonId, mandate.AgentId });
        builder.HasIndex(mandate => mandate.AgentId);
        builder.Ignore(mandate => mandate.Terms).Ignore(mandate => mandate.Left);
    }
}
