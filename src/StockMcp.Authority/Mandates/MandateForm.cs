using System.Globalization;
using Microsoft.AspNetCore.Http.Extensions;
using StockMcp.Authority.TradingLimits;

namespace StockMcp.Authority.Mandates;

/// <summary>The form on which a person writes a mandate's bounds: what they wrote, and what is wrong with it.</summary>
public sealed record MandateForm
{
    private const int MostSymbols = 20;
    private const int MostAccounts = 5;
    private const int LongestAccount = 64;
    private const decimal HighestPossiblePrice = 9_999_999.99m;
    private const string DateFormat = "yyyy-MM-dd";

    /// <summary>The agent's client_id.</summary>
    public string Agent { get; init; } = "";

    /// <summary>As it was written.</summary>
    public string Symbols { get; init; } = "";

    /// <summary>Whether it may buy.</summary>
    public bool Buys { get; init; }

    /// <summary>Whether it may sell.</summary>
    public bool Sells { get; init; }

    /// <summary>As it was written.</summary>
    public string LargestOrder { get; init; } = "";

    /// <summary>As it was written.</summary>
    public string DailyBudget { get; init; } = "";

    /// <summary>As it was written.</summary>
    public string Budget { get; init; } = "";

    /// <summary>As it was written.</summary>
    public string HighestPrice { get; init; } = "";

    /// <summary>As it was written.</summary>
    public string LowestPrice { get; init; } = "";

    /// <summary>As it was written.</summary>
    public string Accounts { get; init; } = "";

    /// <summary>The last day, in UTC.</summary>
    public string Until { get; init; } = "";

    /// <summary>What is wrong, by the field's name.</summary>
    public IReadOnlyDictionary<string, string> Mistakes { get; private init; } = new Dictionary<string, string>();

    /// <summary>As it was sent; a first one has only an agent.</summary>
    internal static MandateForm Of(Func<string, string?> field, DateTimeOffset now) => new()
    {
        Agent = field(nameof(Agent)) ?? field("agent") ?? "",
        Symbols = field(nameof(Symbols)) ?? "",
        Buys = field(nameof(Buys)) is not null,
        Sells = field(nameof(Sells)) is not null,
        LargestOrder = field(nameof(LargestOrder)) ?? "",
        DailyBudget = field(nameof(DailyBudget)) ?? "",
        Budget = field(nameof(Budget)) ?? "",
        HighestPrice = field(nameof(HighestPrice)) ?? "",
        LowestPrice = field(nameof(LowestPrice)) ?? "",
        Accounts = field(nameof(Accounts)) ?? "",
        Until = field(nameof(Until)) ?? now.UtcDateTime.AddDays(30).ToString(DateFormat, CultureInfo.InvariantCulture),
    };

    /// <summary>The fields as a form sends them.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> Fields =>
    [
        .. new (string Name, string Value)[]
        {
            (nameof(Agent), Agent), (nameof(Symbols), Symbols), (nameof(LargestOrder), LargestOrder), (nameof(DailyBudget), DailyBudget), (nameof(Budget), Budget),
            (nameof(HighestPrice), HighestPrice), (nameof(LowestPrice), LowestPrice), (nameof(Accounts), Accounts), (nameof(Until), Until),
        }.Select(pair => KeyValuePair.Create(pair.Name, pair.Value)),
        .. Buys ? [KeyValuePair.Create(nameof(Buys), "on")] : Array.Empty<KeyValuePair<string, string>>(),
        .. Sells ? [KeyValuePair.Create(nameof(Sells), "on")] : Array.Empty<KeyValuePair<string, string>>(),
    ];

    /// <summary>Its page with these fields in it: for the way back from somewhere else.</summary>
    internal string Link => MandateExtensions.NewPage + new QueryBuilder(Fields);

    /// <summary>The bounds that it says; <see langword="null"/> with its mistakes if there are any.</summary>
    /// <param name="agents">The agents that it may be for.</param>
    /// <param name="now">The time.</param>
    /// <param name="form">The form with its mistakes.</param>
    internal MandateTerms? Read(IReadOnlyCollection<string> agents, DateTimeOffset now, out MandateForm form)
    {
        var mistakes = new Dictionary<string, string>();
        if (!agents.Contains(Agent)) mistakes[nameof(Agent)] = "Choose one of your agents.";
        var symbols = LimitsForm.Symbols(nameof(Symbols), Symbols, mistakes).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (symbols.Length == 0) mistakes.TryAdd(nameof(Symbols), "Name at least one symbol, such as WAYNE.");
        if (symbols.Length > MostSymbols) mistakes[nameof(Symbols)] = $"At most {MostSymbols} symbols fit.";
        if (!Buys && !Sells) mistakes[nameof(Buys)] = "Tick what it may do: buy, sell, or both.";
        var (largest, daily, budget) = (Amount(nameof(LargestOrder), LargestOrder, mistakes), Amount(nameof(DailyBudget), DailyBudget, mistakes), Amount(nameof(Budget), Budget, mistakes));
        var (highest, lowest) = (Price(nameof(HighestPrice), HighestPrice, mistakes), Price(nameof(LowestPrice), LowestPrice, mistakes));
        if (highest is not null && !Buys) mistakes[nameof(HighestPrice)] = "It may not buy: leave this empty.";
        if (lowest is not null && !Sells) mistakes[nameof(LowestPrice)] = "It may not sell: leave this empty.";
        // What a sale brings is counted by its limit: without a floor it could give everything away for a cent.
        if (lowest is null && Sells) mistakes.TryAdd(nameof(LowestPrice), "Where it may sell, say the lowest price of a share.");
        var accounts = Accounts.Split([' ', ',', ';', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct().ToList();
        if (accounts.Count > MostAccounts || accounts.Exists(account => account.Length > LongestAccount || !account.All(character => char.IsAsciiLetterOrDigit(character) || character == '-')))
            mistakes[nameof(Accounts)] = $"Write at most {MostAccounts} account numbers, with spaces between them, or leave it empty for all of yours.";
        if (!DateOnly.TryParseExact(Until, DateFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var until)) mistakes[nameof(Until)] = "Write the last day as year-month-day, such as 2027-01-31.";
        var end = new DateTimeOffset(until.ToDateTime(new TimeOnly(23, 59, 59)), TimeSpan.Zero);
        if (!mistakes.ContainsKey(nameof(Until)) && (end <= now || end > now + MandateTerms.Longest)) mistakes[nameof(Until)] = $"Choose a day from today on, at most {MandateTerms.Longest.TotalDays:0} days away.";
        if (largest > daily) mistakes.TryAdd(nameof(DailyBudget), "This is less than what you allow for one order.");
        if (daily > budget) mistakes.TryAdd(nameof(Budget), "This is less than what you allow for a day.");
        form = this with { Mistakes = mistakes };
        return mistakes.Count > 0 ? null : new MandateTerms
        {
            Agent = Agent,
            Accounts = accounts,
            Symbols = symbols,
            Sides = [.. Buys ? ["buy"] : Array.Empty<string>(), .. Sells ? ["sell"] : Array.Empty<string>()],
            LargestOrder = largest!.Value,
            DailyBudget = daily!.Value,
            Budget = budget!.Value,
            HighestPrice = highest,
            LowestPrice = lowest,
            ExpiresAt = end,
        };
    }

    private static decimal? Amount(string field, string text, Dictionary<string, string> mistakes)
    {
        var amount = LimitsForm.Amount(field, text, mistakes);
        if (amount is null or 0) mistakes[field] = "Write an amount in USD such as 500 or 500.00.";
        return amount;
    }

    private static decimal? Price(string field, string text, Dictionary<string, string> mistakes)
    {
        var price = LimitsForm.Amount(field, text, mistakes);
        if (price is 0 or > HighestPossiblePrice) mistakes[field] = "Write a price of a share in USD such as 95 or 95.50, or leave it empty for none.";
        return price;
    }
}
