using StockMcp.Brokerage.Market;

namespace StockMcp.Brokerage.TradingApi;

/// <summary><c>/v2/assets</c>: what can be traded. Open to everybody.</summary>
internal static class AssetEndpoints
{
    public const string AssetClass = "us_equity";

    public static void MapAssets(this IEndpointRouteBuilder routes)
    {
        var assets = routes.MapAlpacaGroup(Policies.PublicData);
        assets.MapGet("/assets", (HttpContext context, StockMarket market) =>
        {
            var query = new QueryValues(context.Request.Query, AlpacaException.Field);
            var status = query.OneOf("status", "all", "active", "inactive", "all");
            var assetClass = query.Text("asset_class") ?? AssetClass;
            var exchange = query.OneOf("exchange", "", "AMEX", "ARCA", "BATS", "NYSE", "NASDAQ", "NYSEARCA", "OTC");
            var listed = status == "inactive" || !assetClass.Split(',').Contains(AssetClass) || query.Text("attributes") is not null ? [] : market.Stocks;
            return AlpacaJson.Result(listed.Where(stock => exchange.Length == 0 || stock.Exchange == exchange).Select(stock => new AssetAnswer(stock)));
        });
        assets.MapGet("/assets/{symbolOrAssetId}", (string symbolOrAssetId, StockMarket market) => Find(market, symbolOrAssetId) is { } stock
            ? AlpacaJson.Result(new AssetAnswer(stock))
            : throw AlpacaException.NotFound(Stock.IsSymbol(symbolOrAssetId) ? $"asset not found for {symbolOrAssetId}" : "asset not found: symbol must be 1 to 5 capital letters, for example WAYNE"));
    }

    /// <summary>A share by its symbol or its id.</summary>
    public static Stock? Find(StockMarket market, string symbolOrAssetId)
        => market.Find(symbolOrAssetId) ?? (Guid.TryParse(symbolOrAssetId, out var id) ? market.Stocks.FirstOrDefault(stock => stock.Id == id) : null);

    private sealed class AssetAnswer(Stock stock)
    {
        public Guid Id => stock.Id;
        public string Class { get; } = AssetClass;
        public string Exchange => stock.Exchange;
        public string Symbol => stock.Symbol;
        public string Name => stock.Name;
        public string Status { get; } = "active";
        public bool Tradable { get; } = true;
        public bool Marginable { get; }
        public int MaintenanceMarginRequirement { get; } = 100;
        public string MarginRequirementLong { get; } = "100";
        public string MarginRequirementShort { get; } = "100";
        public bool Shortable { get; }
        public bool EasyToBorrow { get; }
        public string BorrowStatus { get; } = "hard_to_borrow";
        public bool Fractionable { get; } = true;
        public IReadOnlyList<string> Attributes { get; } = [];
    }
}
