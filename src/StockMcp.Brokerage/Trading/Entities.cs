using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StockMcp.Brokerage.Trading;

/// <summary>A person's brokerage account. Amounts are USD.</summary>
public sealed class TradingAccount
{
    /// <summary>The account's id in the trading API.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>Whose it is.</summary>
    public Guid UserId { get; init; }

    /// <summary>The number that its owner knows it by.</summary>
    public required string Number { get; init; }

    /// <summary>Money in the account, including what open orders have reserved.</summary>
    public decimal Cash { get; set; }

    /// <summary>When it was opened.</summary>
    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>An order, from its acceptance to its end.</summary>
public sealed class Order
{
    /// <summary>The order's id in the trading API.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>The account it is for.</summary>
    public Guid AccountId { get; init; }

    /// <summary>The id its sender chose: unique in the account.</summary>
    public required string ClientOrderId { get; init; }

    /// <summary>Which stock.</summary>
    public required string Symbol { get; init; }

    /// <summary>Buy or sell.</summary>
    public OrderSide Side { get; init; }

    /// <summary>Market, limit, stop or stop limit.</summary>
    public OrderType Type { get; init; }

    /// <summary>How long it stays open.</summary>
    public TimeInForce TimeInForce { get; init; }

    /// <summary>How many, up to 9 decimal places.</summary>
    public decimal Quantity { get; init; }

    /// <summary>The worst price it may be filled at, in USD.</summary>
    public decimal? LimitPrice { get; init; }

    /// <summary>The price that wakes it, in USD.</summary>
    public decimal? StopPrice { get; init; }

    /// <summary>Where it stands.</summary>
    public OrderStatus Status { get; set; }

    /// <summary>How many were filled.</summary>
    public decimal FilledQuantity { get; set; }

    /// <summary>At which price, in USD.</summary>
    public decimal? FilledPrice { get; set; }

    /// <summary>Cash that it holds back while it is open, in USD.</summary>
    public decimal ReservedCash { get; set; }

    /// <summary>Whether its stop price was reached.</summary>
    public bool Triggered { get; set; }

    /// <summary>When it was accepted.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset UpdatedAt { get; set; }

    /// <summary>Guards against two changes at once.</summary>
    public Guid Version { get; set; }

    /// <summary>Whether it may still be filled.</summary>
    public bool IsOpen => Status is OrderStatus.New;
}

/// <summary>What an account holds of one stock.</summary>
public sealed class Position
{
    /// <summary>Whose.</summary>
    public Guid AccountId { get; init; }

    /// <summary>Of which stock.</summary>
    public required string Symbol { get; init; }

    /// <summary>How many.</summary>
    public decimal Quantity { get; set; }

    /// <summary>What they cost together, in USD.</summary>
    public decimal CostBasis { get; set; }

    /// <summary>Gained by earlier sales, in USD.</summary>
    public decimal RealizedProfit { get; set; }
}

/// <summary>Buy or sell.</summary>
public enum OrderSide
{
    /// <summary>Buy.</summary>
    Buy,

    /// <summary>Sell.</summary>
    Sell,
}

/// <summary>What price an order accepts.</summary>
public enum OrderType
{
    /// <summary>The price of the moment.</summary>
    Market,

    /// <summary>The limit price or better.</summary>
    Limit,

    /// <summary>The price of the moment, once the stop price was reached.</summary>
    Stop,

    /// <summary>The limit price or better, once the stop price was reached.</summary>
    StopLimit,
}

/// <summary>How long an order stays open.</summary>
public enum TimeInForce
{
    /// <summary>Until the day ends.</summary>
    Day,

    /// <summary>Good till cancelled.</summary>
    Gtc,

    /// <summary>Immediate or cancel.</summary>
    Ioc,

    /// <summary>Fill or kill: all at once or nothing.</summary>
    Fok,
}

/// <summary>Where an order stands.</summary>
public enum OrderStatus
{
    /// <summary>Open.</summary>
    New,

    /// <summary>Done.</summary>
    Filled,

    /// <summary>Taken back.</summary>
    Canceled,

    /// <summary>Its time ended.</summary>
    Expired,

    /// <summary>It could not be filled with the money that was there.</summary>
    Rejected,
}

internal sealed class AccountConfiguration : IEntityTypeConfiguration<TradingAccount>
{
    public void Configure(EntityTypeBuilder<TradingAccount> builder)
    {
        builder.HasIndex(account => account.UserId).IsUnique();
        builder.Property(account => account.Cash).IsConcurrencyToken();
    }
}

internal sealed class OrderConfiguration : IEntityTypeConfiguration<Order>
{
    public void Configure(EntityTypeBuilder<Order> builder)
    {
        builder.Ignore(order => order.IsOpen);
        builder.Property(order => order.ClientOrderId).HasMaxLength(128);
        builder.Property(order => order.Version).IsConcurrencyToken();
        builder.HasIndex(order => new { order.AccountId, order.ClientOrderId }).IsUnique();
        builder.HasIndex(order => new { order.AccountId, order.CreatedAt });
        builder.HasIndex(order => order.Status);
        builder.HasOne<TradingAccount>().WithMany().HasForeignKey(order => order.AccountId);
    }
}

internal sealed class PositionConfiguration : IEntityTypeConfiguration<Position>
{
    public void Configure(EntityTypeBuilder<Position> builder)
    {
        builder.HasKey(position => new { position.AccountId, position.Symbol });
        builder.HasOne<TradingAccount>().WithMany().HasForeignKey(position => position.AccountId);
        builder.Property(position => position.Quantity).IsConcurrencyToken();
    }
}
