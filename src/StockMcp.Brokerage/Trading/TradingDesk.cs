using System.Globalization;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StockMcp.Brokerage.Database;
using StockMcp.Brokerage.Market;

namespace StockMcp.Brokerage.Trading;

/// <summary>Accounts and orders. Each change is one database transaction, and the account's version lets only one of two changes at once through.</summary>
internal sealed class TradingDesk(IServiceScopeFactory scopes, StockMarket market, TimeProvider clock, IOptions<TradingOptions> options) : IDisposable
{
    private const int Attempts = 5;

    private readonly Matching matching = new(market);
    private readonly SemaphoreSlim oneWriter = new(1); // SQLite lets one in at a time; waiting here is quicker than trying again there

    /// <summary>Opens a person's account, unless it was opened before.</summary>
    public async Task OpenAccountAsync(Guid userId, CancellationToken cancellationToken = default)
    {
        await ChangeAsync(async database =>
        {
            if (await database.Set<Account>().AnyAsync(account => account.UserId == userId, cancellationToken)) return false;
            var number = "SM" + RandomNumberGenerator.GetInt32(1_000_000_000).ToString("D9", CultureInfo.InvariantCulture);
            database.Add(Account.Open(userId, number, options.Value.StartingCash, clock.GetUtcNow()));
            return true;
        }, cancellationToken);
    }

    /// <summary>What a person owns.</summary>
    /// <exception cref="TradingException">They have no account.</exception>
    public async Task<AccountSummary> GetAccountAsync(Guid userId, CancellationToken cancellationToken = default)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<BrokerageDbContext>();
        var books = await Books.ReadAsync(database, userId, cancellationToken);
        var now = clock.GetUtcNow();
        var lastClose = market.PreviousClose(now);
        var worth = books.Holdings.Sum(holding => holding.Quantity * market.PriceAt(holding.Symbol, now));
        var lastEquity = new Ledger(books.Account, await FilledAsync(database, books.Account.Id, cancellationToken), market).EquityAt(lastClose);
        return new AccountSummary(books.Account.Id, books.Account.Number, books.Account.OpenedAt, books.Account.Cash, books.BuyingPower, worth, lastEquity, MarketHours.DateInNewYork(lastClose));
    }

    /// <summary>The number of a person's account, by which they know it.</summary>
    /// <exception cref="TradingException">They have no account.</exception>
    public async Task<string> GetAccountNumberAsync(Guid userId, CancellationToken cancellationToken = default)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<BrokerageDbContext>();
        return await database.Set<Account>().Where(account => account.UserId == userId).Select(account => account.Number).FirstOrDefaultAsync(cancellationToken)
            ?? throw new TradingException(TradingError.NotFound, "account not found");
    }

    /// <summary>What a person holds, by symbol.</summary>
    /// <exception cref="TradingException">They have no account.</exception>
    public async Task<IReadOnlyList<Position>> ListPositionsAsync(Guid userId, CancellationToken cancellationToken = default)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<BrokerageDbContext>();
        var books = await Books.ReadAsync(database, userId, cancellationToken);
        var now = clock.GetUtcNow();
        var bases = new Ledger(books.Account, await FilledAsync(database, books.Account.Id, cancellationToken), market).BasesSince(market.PreviousClose(now), now);
        return
        [
            .. books.Holdings.Where(holding => holding.Quantity > 0).OrderBy(holding => holding.Symbol, StringComparer.Ordinal).Select(holding => new Position(
                holding.Symbol, holding.Quantity, books.Available(holding.Symbol), holding.CostBasis,
                market.PriceAt(holding.Symbol, now), market.PreviousClose(holding.Symbol, now), bases.GetValueOrDefault(holding.Symbol))),
        ];
    }

    /// <summary>A person's orders.</summary>
    /// <exception cref="TradingException">They have no account, or no order of the id that the query names.</exception>
    public async Task<IReadOnlyList<Order>> ListOrdersAsync(Guid userId, OrderQuery query, CancellationToken cancellationToken = default)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<BrokerageDbContext>();
        var own = OrdersOf(database, userId);
        var orders = query.Status switch
        {
            OrderStatusFilter.Open => own.Where(order => order.Status == OrderStatus.New),
            OrderStatusFilter.Closed => own.Where(order => order.Status != OrderStatus.New),
            _ => own,
        };
        if (query.Symbols.Count > 0) orders = orders.Where(order => query.Symbols.Contains(order.Symbol));
        if (query.Side is { } side) orders = orders.Where(order => order.Side == side);
        if (query.After is { } after) orders = orders.Where(order => order.SubmittedAt > after);
        if (query.Until is { } until) orders = orders.Where(order => order.SubmittedAt < until);
        if (query.BeforeOrderId is { } before)
        {
            var number = await NumberOfAsync(own, before, "before_order_id", cancellationToken);
            orders = orders.Where(order => order.Number < number);
        }
        if (query.AfterOrderId is { } newerThan)
        {
            var number = await NumberOfAsync(own, newerThan, "after_order_id", cancellationToken);
            orders = orders.Where(order => order.Number > number);
        }
        orders = query.NewestFirst ? orders.OrderByDescending(order => order.Number) : orders.OrderBy(order => order.Number);
        return await orders.Take(Math.Clamp(query.Limit, 1, 500)).ToListAsync(cancellationToken);
    }

    /// <summary>One of a person's orders. Somebody else's answers exactly like one that does not exist.</summary>
    /// <exception cref="TradingException">They have no such order.</exception>
    public async Task<Order> GetOrderAsync(Guid userId, Guid orderId, CancellationToken cancellationToken = default)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await OrdersOf(scope.ServiceProvider.GetRequiredService<BrokerageDbContext>(), userId).FirstOrDefaultAsync(order => order.Id == orderId, cancellationToken) ?? throw NoSuchOrder();
    }

    /// <summary>The order that was accepted under an id of the sender's choice.</summary>
    /// <exception cref="TradingException">They have no such order.</exception>
    public async Task<Order> GetOrderAsync(Guid userId, string clientOrderId, CancellationToken cancellationToken = default)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await OrdersOf(scope.ServiceProvider.GetRequiredService<BrokerageDbContext>(), userId).FirstOrDefaultAsync(order => order.ClientOrderId == clientOrderId, cancellationToken) ?? throw NoSuchOrder();
    }

    /// <summary>Says what an order would do, and places nothing.</summary>
    /// <exception cref="TradingException">It would be refused now, for the same reason.</exception>
    public async Task<OrderReview> ReviewOrderAsync(Guid userId, NewOrder order, CancellationToken cancellationToken = default)
    {
        NewOrderRules.Check(order, market);
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<BrokerageDbContext>();
        var now = clock.GetUtcNow();
        var books = await Books.ReadAsync(database, userId, cancellationToken);
        Settle(database, books, now); // in memory alone: nothing is saved here
        var reservation = Reserve(books, order, now);
        var expiry = matching.ExpiryOf(order.TimeInForce, now);
        var outcome = matching.Find(new Order(books.Account.Id, order, "", reservation, expiry, now), now);
        return new OrderReview(market.QuoteAt(order.Symbol, now), market.Hours.IsOpen(now), outcome?.Price, reservation, books.BuyingPower, books.Holding(order.Symbol)?.Quantity ?? 0, expiry);
    }

    /// <summary>Accepts an order, and fills it at once if it can be.</summary>
    /// <returns>The order as it stands then.</returns>
    /// <exception cref="TradingException">It was refused, and nothing was changed.</exception>
    public Task<Order> PlaceOrderAsync(Guid userId, NewOrder order, CancellationToken cancellationToken = default) => PlaceOrderAsync(userId, order, null, cancellationToken);

    /// <summary>Accepts an order of a third party, and fills it at once if it can be. The same order once more is the same order, however often and from how many sides it comes.</summary>
    /// <returns>The order as it stands then.</returns>
    /// <exception cref="TradingException">It was refused, and nothing was changed: the approval is as good as before.</exception>
    public async Task<Order> PlaceOrderAsync(Guid userId, NewOrder order, OrderApproval? approval, CancellationToken cancellationToken)
    {
        NewOrderRules.Check(order, market);
        Order? placed = null;
        await ChangeAsync(async database =>
        {
            var now = clock.GetUtcNow();
            var books = await Books.ReadAsync(database, userId, cancellationToken);
            if (approval is not null && await FindRepeatedAsync(database, books.Account.Id, order, approval, cancellationToken) is { } known)
            {
                placed = known;
                return false;
            }
            Settle(database, books, now);
            placed = await AcceptAsync(database, books, order, approval, now, cancellationToken);
            await database.SaveChangesAsync(cancellationToken); // gives it its number
            Settle(database, books, now);
            return true;
        }, cancellationToken);
        return placed!;
    }

    /// <summary>Takes an open order back. Taking back one that was taken back already is no mistake.</summary>
    /// <exception cref="TradingException">They have no such order, or it has ended in another way.</exception>
    public async Task CancelOrderAsync(Guid userId, Guid orderId, CancellationToken cancellationToken = default)
    {
        Order? order = null;
        await ChangeAsync(async database =>
        {
            var now = clock.GetUtcNow();
            var books = await Books.ReadAsync(database, userId, cancellationToken);
            order = books.OpenOrders.Find(open => open.Id == orderId);
            if (order is null) return false;
            Settle(database, books, now);
            if (order.IsOpen) order.Cancel(now);
            books.Account.Change();
            return true;
        }, cancellationToken);
        order ??= await GetOrderAsync(userId, orderId, cancellationToken);
        if (order.Status != OrderStatus.Canceled)
            throw new TradingException(TradingError.NotCancelable, $"order is already in \"{order.Status.ToString().ToLowerInvariant()}\" state");
    }

    /// <summary>What a person's account was worth over time.</summary>
    /// <param name="userId">Whose.</param>
    /// <param name="timeframe">The length of each step.</param>
    /// <param name="from">Steps begin no earlier.</param>
    /// <param name="to">Steps begin no later.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="TradingException">They have no account.</exception>
    public async Task<PortfolioHistory> PortfolioHistoryAsync(Guid userId, BarTimeframe timeframe, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<BrokerageDbContext>();
        var books = await Books.ReadAsync(database, userId, cancellationToken);
        var ledger = new Ledger(books.Account, await FilledAsync(database, books.Account.Id, cancellationToken), market);
        var now = clock.GetUtcNow();
        var baseValue = ledger.EquityAt(from);
        var points = new List<PortfolioPoint>();
        foreach (var (start, end) in BarSpans.Between(market.Hours, timeframe, from, to < now ? to : now, newestFirst: false))
        {
            if (end <= books.Account.OpenedAt) continue;
            var equity = ledger.EquityAt(end <= now ? end.AddTicks(-1) : now);
            points.Add(new PortfolioPoint(start, equity, equity - baseValue, baseValue == 0 ? 0 : decimal.Round((equity - baseValue) / baseValue, 6)));
        }
        return new PortfolioHistory(baseValue, timeframe, points);
    }

    /// <summary>Ends the open orders whose time has come, in every account.</summary>
    /// <returns>How many accounts changed.</returns>
    public async Task<int> SettleAllAsync(CancellationToken cancellationToken = default)
    {
        var now = clock.GetUtcNow();
        List<Guid> users;
        await using (var scope = scopes.CreateAsyncScope())
        {
            var database = scope.ServiceProvider.GetRequiredService<BrokerageDbContext>();
            var open = await database.Set<Order>().AsNoTracking().Where(order => order.Status == OrderStatus.New).ToListAsync(cancellationToken);
            var accounts = open.Where(order => matching.Find(order, now) is not null).Select(order => order.AccountId).Distinct().ToList();
            users = await database.Set<Account>().Where(account => accounts.Contains(account.Id)).Select(account => account.UserId).ToListAsync(cancellationToken);
        }
        foreach (var user in users)
        {
            await ChangeAsync(async database =>
            {
                Settle(database, await Books.ReadAsync(database, user, cancellationToken), clock.GetUtcNow());
                return true;
            }, cancellationToken);
        }
        return users.Count;
    }

    public void Dispose() => oneWriter.Dispose();

    // What two requests at once both do not see yet, the unique indexes do.
    private static async Task<Order?> FindRepeatedAsync(BrokerageDbContext database, Guid accountId, NewOrder order, OrderApproval approval, CancellationToken cancellationToken)
    {
        var known = await database.Set<Order>().AsNoTracking().FirstOrDefaultAsync(known => known.TransactionId == approval.TransactionId || known.TokenId == approval.TokenId, cancellationToken);
        if (known is null || known.IsRepeatedBy(accountId, order, approval)) return known;
        throw new TradingException(TradingError.ApprovalUsed, "this approval gave another order already: one approval is good for one order, with the terms that were approved", "client_order_id");
    }

    private async Task<Order> AcceptAsync(BrokerageDbContext database, Books books, NewOrder order, OrderApproval? approval, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var clientOrderId = order.ClientOrderId ?? Guid.CreateVersion7(now).ToString();
        if (await database.Set<Order>().AnyAsync(known => known.AccountId == books.Account.Id && known.ClientOrderId == clientOrderId, cancellationToken))
            throw new TradingException(TradingError.DuplicateClientOrderId, "client_order_id must be unique", "client_order_id");

        var accepted = new Order(books.Account.Id, order, clientOrderId, Reserve(books, order, now, approval?.MaxTotal), matching.ExpiryOf(order.TimeInForce, now), now, approval);
        database.Add(accepted);
        books.OpenOrders.Add(accepted);
        books.Account.Change();
        return accepted;
    }

    // What an order holds back, if money or shares are enough for it.
    private decimal Reserve(Books books, NewOrder order, DateTimeOffset now, decimal? maxTotal = null)
    {
        var isOpen = market.Hours.IsOpen(now);
        if (!isOpen && order.TimeInForce is TimeInForce.Ioc or TimeInForce.Fok)
            throw new TradingException(TradingError.Invalid, "time_in_force ioc and fok are accepted only while the market is open", "time_in_force");

        var reservation = Matching.Reservation(order, market.QuoteAt(order.Symbol, now), isOpen);
        if (maxTotal is { } most && most < reservation) reservation = most; // beyond it nothing is bought
        if (order.Side == OrderSide.Buy) books.CheckMoney(reservation);
        else books.CheckShares(order);
        return reservation;
    }

    // Ends the open orders whose time has come, in the order in which it came.
    private void Settle(BrokerageDbContext database, Books books, DateTimeOffset now)
    {
        var outcomes = books.OpenOrders.Where(order => order.IsOpen).Select(order => matching.Find(order, now)).OfType<Outcome>().OrderBy(outcome => outcome.At).ThenBy(outcome => outcome.Order.Number).ToList();
        foreach (var (order, at, price) in outcomes)
        {
            if (price is { } paid) books.Fill(database, order, paid, at);
            else if (at == order.ExpiresAt) order.Expire();
            else order.Cancel(at);
        }
        if (outcomes.Count > 0) books.Account.Change();
    }

    private async Task ChangeAsync(Func<BrokerageDbContext, Task<bool>> change, CancellationToken cancellationToken)
    {
        await oneWriter.WaitAsync(cancellationToken);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                await using var scope = scopes.CreateAsyncScope();
                var database = scope.ServiceProvider.GetRequiredService<BrokerageDbContext>();
                try
                {
                    await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
                    if (!await change(database)) return;
                    await database.SaveChangesAsync(cancellationToken);
                    await transaction.CommitAsync(cancellationToken);
                    return;
                }
                catch (DbUpdateException) when (attempt < Attempts)
                {
                    // Another copy changed the account first: look again at what is there now.
                }
            }
        }
        finally
        {
            oneWriter.Release();
        }
    }

    private static Task<List<Order>> FilledAsync(BrokerageDbContext database, Guid accountId, CancellationToken cancellationToken)
        => database.Set<Order>().AsNoTracking().Where(order => order.AccountId == accountId && order.Status == OrderStatus.Filled).ToListAsync(cancellationToken);

    private static IQueryable<Order> OrdersOf(BrokerageDbContext database, Guid userId)
        => database.Set<Order>().AsNoTracking().Where(order => database.Set<Account>().Any(account => account.Id == order.AccountId && account.UserId == userId));

    private static async Task<long> NumberOfAsync(IQueryable<Order> own, Guid orderId, string field, CancellationToken cancellationToken)
        => await own.Where(order => order.Id == orderId).Select(order => (long?)order.Number).FirstOrDefaultAsync(cancellationToken)
            ?? throw new TradingException(TradingError.Invalid, $"{field} must be the id of an order of this account", field);

    private static TradingException NoSuchOrder() => new(TradingError.NotFound, "order not found");
}
