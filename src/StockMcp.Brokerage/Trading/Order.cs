using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StockMcp.Brokerage.Trading;

/// <summary>Where an order stands.</summary>
public enum OrderStatus
{
    /// <summary>Open.</summary>
    New,

    /// <summary>Done.</summary>
    Filled,

    /// <summary>Taken back, or it could not be filled at once as it asked.</summary>
    Canceled,

    /// <summary>Its time ended.</summary>
    Expired,

    /// <summary>It could have been filled only at a price that it must not have. <see cref="RejectReason"/> says why.</summary>
    Rejected,
}

/// <summary>Why an order that was accepted was not filled when its time came.</summary>
public enum RejectReason
{
    /// <summary>The price had moved so far that the money was no longer enough.</summary>
    InsufficientBuyingPower,

    /// <summary>It would have cost more than its owner had approved.</summary>
    PriceBeyondBound,
}

/// <summary>An order, from its acceptance to its end. The filled ones are the account's books: all that it holds follows from them.</summary>
public sealed class Order
{
    private Order() { }

    internal Order(Guid accountId, NewOrder order, string clientOrderId, decimal reservedCash, DateTimeOffset expiresAt, DateTimeOffset now, OrderApproval? approval = null)
    {
        Id = Guid.CreateVersion7(now);
        AccountId = accountId;
        ClientOrderId = clientOrderId;
        (Symbol, Side, Type, TimeInForce, Quantity, LimitPrice, StopPrice) = (order.Symbol, order.Side, order.Type, order.TimeInForce, order.Quantity, order.LimitPrice, order.StopPrice);
        ReservedCash = reservedCash;
        (SubmittedAt, UpdatedAt, ExpiresAt) = (now, now, expiresAt);
        (TransactionId, TokenId, MaxTotal) = (approval?.TransactionId, approval?.TokenId, approval?.MaxTotal);
    }

    /// <summary>Its place among all orders: a later one has a higher number.</summary>
    public long Number { get; private set; }

    /// <summary>Its id in the trading API.</summary>
    public Guid Id { get; private set; }

    /// <summary>The account it is for.</summary>
    public Guid AccountId { get; private set; }

    /// <summary>The id its sender chose: unique in the account.</summary>
    public string ClientOrderId { get; private set; } = "";

    /// <summary>Which share.</summary>
    public string Symbol { get; private set; } = "";

    /// <summary>Buy or sell.</summary>
    public OrderSide Side { get; private set; }

    /// <summary>Which price it accepts.</summary>
    public OrderType Type { get; private set; }

    /// <summary>How long it stays open.</summary>
    public TimeInForce TimeInForce { get; private set; }

    /// <summary>How many shares.</summary>
    public decimal Quantity { get; private set; }

    /// <summary>The worst price it may be filled at, in USD.</summary>
    public decimal? LimitPrice { get; private set; }

    /// <summary>The price that wakes it, in USD.</summary>
    public decimal? StopPrice { get; private set; }

    /// <summary>Cash that it holds back while it is open, in USD.</summary>
    public decimal ReservedCash { get; private set; }

    /// <summary>The approval that an order of a third party rests on: no other order ever rests on the same.</summary>
    public Guid? TransactionId { get; private set; }

    /// <summary>The token that an order of a third party came with: no other order ever comes with the same.</summary>
    public string? TokenId { get; private set; }

    /// <summary>What a purchase by a third party may cost at most, in USD; what a sale was counted as, which bounds nothing.</summary>
    public decimal? MaxTotal { get; private set; }

    /// <summary>Where it stands.</summary>
    public OrderStatus Status { get; private set; }

    /// <summary>Why it was rejected.</summary>
    public RejectReason? RejectReason { get; private set; }

    /// <summary>At which price it was filled, in USD.</summary>
    public decimal? FilledPrice { get; private set; }

    /// <summary>When it was accepted.</summary>
    public DateTimeOffset SubmittedAt { get; private set; }

    /// <summary>From when it can no longer be filled.</summary>
    public DateTimeOffset ExpiresAt { get; private set; }

    /// <summary>When it ended: filled, cancelled, expired or rejected, as its status says.</summary>
    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>When it last changed.</summary>
    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>Whether it may still be filled.</summary>
    public bool IsOpen => Status == OrderStatus.New;

    /// <summary>How many shares were filled: all or none.</summary>
    public decimal FilledQuantity => Status == OrderStatus.Filled ? Quantity : 0;

    /// <summary>What was paid or received, in USD.</summary>
    public decimal FilledTotal => FilledQuantity * (FilledPrice ?? 0);

    internal void Fill(decimal price, DateTimeOffset at)
    {
        End(OrderStatus.Filled, at);
        FilledPrice = price;
    }

    internal void Cancel(DateTimeOffset at) => End(OrderStatus.Canceled, at);

    internal void Expire() => End(OrderStatus.Expired, ExpiresAt);

    internal void Reject(RejectReason reason, DateTimeOffset at)
    {
        End(OrderStatus.Rejected, at);
        RejectReason = reason;
    }

    /// <summary>Whether a purchase for this much, in USD, is one that its owner approved.</summary>
    internal bool Allows(decimal total) => Side == OrderSide.Sell || MaxTotal is not { } most || total <= most;

    /// <summary>Whether it is the order that <paramref name="approval"/> gave to this account, with these terms.</summary>
    internal bool IsRepeatedBy(Guid accountId, NewOrder order, OrderApproval approval)
        => (AccountId, ClientOrderId, TransactionId, MaxTotal) == (accountId, order.ClientOrderId, approval.TransactionId, approval.MaxTotal)
            && (Symbol, Side, Type, TimeInForce, Quantity, LimitPrice, StopPrice) == (order.Symbol, order.Side, order.Type, order.TimeInForce, order.Quantity, order.LimitPrice, order.StopPrice);

    private void End(OrderStatus status, DateTimeOffset at)
    {
        if (!IsOpen) throw new InvalidOperationException($"The order is {Status} already.");
        (Status, EndedAt, UpdatedAt) = (status, at, at);
    }
}

internal sealed class OrderConfiguration : IEntityTypeConfiguration<Order>
{
    public void Configure(EntityTypeBuilder<Order> builder)
    {
        builder.ToTable("Orders");
        builder.HasKey(order => order.Number);
        builder.Property(order => order.Number).ValueGeneratedOnAdd();
        builder.HasIndex(order => order.Id).IsUnique();
        builder.Property(order => order.ClientOrderId).HasMaxLength(NewOrderRules.LongestClientOrderId);
        builder.Property(order => order.Symbol).HasMaxLength(7);
        builder.HasIndex(order => new { order.AccountId, order.ClientOrderId }).IsUnique();
        builder.Property(order => order.TokenId).HasMaxLength(128);
        builder.HasIndex(order => order.TransactionId).IsUnique();
        builder.HasIndex(order => order.TokenId).IsUnique();
        builder.HasIndex(order => new { order.AccountId, order.SubmittedAt });
        builder.HasIndex(order => order.Status);
        builder.HasOne<Account>().WithMany().HasForeignKey(order => order.AccountId);
    }
}
