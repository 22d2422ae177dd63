using System.Globalization;
using Microsoft.EntityFrameworkCore;
using StockMcp.Brokerage.Database;

namespace StockMcp.Brokerage.Trading;

/// <summary>An account with what it holds and what is open, as of now: what is free for a new order, and what an order that is filled changes.</summary>
internal sealed record Books(Account Account, List<Holding> Holdings, List<Order> OpenOrders)
{
    public decimal BuyingPower => Account.Cash - OpenOrders.Where(order => order.IsOpen).Sum(order => order.ReservedCash);

    public Holding? Holding(string symbol) => Holdings.Find(holding => holding.Symbol == symbol);

    public decimal Available(string symbol)
        => (Holding(symbol)?.Quantity ?? 0) - OpenOrders.Where(order => order.IsOpen && order.Side == OrderSide.Sell && order.Symbol == symbol).Sum(order => order.Quantity);

    /// <exception cref="TradingException">They have no account.</exception>
    public static async Task<Books> ReadAsync(BrokerageDbContext database, Guid userId, CancellationToken cancellationToken)
    {
        while (true)
        {
            var account = await database.Set<Account>().FirstOrDefaultAsync(account => account.UserId == userId, cancellationToken) ?? throw new TradingException(TradingError.NotFound, "account not found");
            var holdings = await database.Set<Holding>().Where(holding => holding.AccountId == account.Id).ToListAsync(cancellationToken);
            var open = await database.Set<Order>().Where(order => order.AccountId == account.Id && order.Status == OrderStatus.New).ToListAsync(cancellationToken);
            // A fill between these reads would show its shares and its money, both: then all is read again.
            if (await database.Set<Account>().AnyAsync(same => same.Id == account.Id && same.Version == account.Version, cancellationToken)) return new Books(account, holdings, open);
            database.ChangeTracker.Clear();
        }
    }

    /// <exception cref="TradingException">The money that is free is not enough, or the order is too small.</exception>
    public void CheckMoney(decimal reservation)
    {
        var details = new Dictionary<string, string> { ["buying_power"] = Figure(BuyingPower), ["cost_basis"] = Figure(reservation) };
        if (reservation < NewOrderRules.SmallestTotal)
            throw new TradingException(TradingError.InsufficientQuantity, $"cost basis must be >= minimal amount of order {NewOrderRules.SmallestTotal}", "qty") { Details = details };
        if (reservation > BuyingPower)
            throw new TradingException(TradingError.InsufficientBuyingPower, "insufficient buying power", "qty") { Details = details };
    }

    /// <exception cref="TradingException">The shares that are free are not enough.</exception>
    public void CheckShares(NewOrder order)
    {
        decimal held = Holding(order.Symbol)?.Quantity ?? 0, available = Available(order.Symbol);
        if (order.Quantity <= available) return;
        throw new TradingException(TradingError.InsufficientQuantity, $"insufficient qty available for order (requested: {Figure(order.Quantity)}, available: {Figure(available)})", "qty")
        {
            Details = new Dictionary<string, string> { ["available"] = Figure(available), ["existing_qty"] = Figure(held), ["held_for_orders"] = Figure(held - available), ["symbol"] = order.Symbol },
        };
    }

    /// <summary>Books a fill. A purchase that costs more than was approved, or than was held back for it and is free, is rejected instead.</summary>
    public void Fill(BrokerageDbContext database, Order order, decimal price, DateTimeOffset at)
    {
        var total = order.Quantity * price;
        var holding = Holding(order.Symbol);
        if (order.Side == OrderSide.Sell)
        {
            order.Fill(price, at);
            Account.Change(total);
            holding!.Take(order.Quantity);
        }
        else if (!order.Allows(total))
        {
            order.Reject(RejectReason.PriceBeyondBound, at);
        }
        else if (total > BuyingPower + order.ReservedCash)
        {
            order.Reject(RejectReason.InsufficientBuyingPower, at); // the price jumped over all that was held back for it
        }
        else
        {
            order.Fill(price, at);
            Account.Change(-total);
            if (holding is null)
            {
                holding = new Holding { AccountId = Account.Id, Symbol = order.Symbol };
                database.Add(holding);
                Holdings.Add(holding);
            }
            holding.Add(order.Quantity, total);
        }
    }

    private static string Figure(decimal value) => value.ToString("0.#########", CultureInfo.InvariantCulture);
}
