using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StockMcp.Brokerage.Trading;

/// <summary>A person's brokerage account, as it is stored. Every change of its money, holdings or orders raises its version, so that two changes at once cannot both win.</summary>
internal sealed class Account
{
    public Guid Id { get; init; }

    public Guid UserId { get; init; }

    /// <summary>The number that its owner knows it by.</summary>
    public required string Number { get; init; }

    public DateTimeOffset OpenedAt { get; init; }

    /// <summary>What it was opened with, in USD.</summary>
    public decimal Deposit { get; init; }

    /// <summary>In USD, including what open orders hold back.</summary>
    public decimal Cash { get; private set; }

    public long Version { get; private set; }

    public static Account Open(Guid userId, string number, decimal deposit, DateTimeOffset now)
        => new() { Id = Guid.CreateVersion7(now), UserId = userId, Number = number, OpenedAt = now, Deposit = deposit, Cash = deposit };

    public void Change(decimal amount = 0)
    {
        Cash += amount;
        Version++;
    }
}

/// <summary>What an account holds of one share, as it is stored.</summary>
internal sealed class Holding
{
    public Guid AccountId { get; init; }

    public required string Symbol { get; init; }

    public decimal Quantity { get; private set; }

    /// <summary>What it cost in USD.</summary>
    public decimal CostBasis { get; private set; }

    public void Add(decimal quantity, decimal cost)
    {
        Quantity += quantity;
        CostBasis += cost;
    }

    public void Take(decimal quantity)
    {
        if (quantity > Quantity) throw new InvalidOperationException("More would be sold than is held.");
        CostBasis = decimal.Round(CostBasis * (Quantity - quantity) / Quantity, 9);
        Quantity -= quantity;
    }
}

internal sealed class AccountConfiguration : IEntityTypeConfiguration<Account>
{
    public void Configure(EntityTypeBuilder<Account> builder)
    {
        builder.ToTable("Accounts");
        builder.HasIndex(account => account.UserId).IsUnique();
        builder.HasIndex(account => account.Number).IsUnique();
        builder.Property(account => account.Version).IsConcurrencyToken();
    }
}

internal sealed class HoldingConfiguration : IEntityTypeConfiguration<Holding>
{
    public void Configure(EntityTypeBuilder<Holding> builder)
    {
        builder.ToTable("Holdings");
        builder.HasKey(holding => new { holding.AccountId, holding.Symbol });
        builder.HasOne<Account>().WithMany().HasForeignKey(holding => holding.AccountId);
    }
}
