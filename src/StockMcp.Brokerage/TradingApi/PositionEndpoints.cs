using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.TradingApi;

/// <summary><c>/v2/positions</c>.</summary>
internal static class PositionEndpoints
{
    public static void MapPositions(this IEndpointRouteBuilder routes)
    {
        var positions = routes.MapAlpacaGroup(Policies.AccountRead);
        positions.MapGet("/positions", async (HttpContext context, TradingDesk desk, StockMarket market, CancellationToken cancellationToken)
            => AlpacaJson.Result((await desk.ListPositionsAsync(context.UserId(), cancellationToken)).Select(position => Answer(position, market))));
        positions.MapGet("/positions/{symbolOrAssetId}", async (string symbolOrAssetId, HttpContext context, TradingDesk desk, StockMarket market, CancellationToken cancellationToken) =>
        {
            var stock = AssetEndpoints.Find(market, symbolOrAssetId);
            var position = (await desk.ListPositionsAsync(context.UserId(), cancellationToken)).FirstOrDefault(position => position.Symbol == stock?.Symbol);
            return position is null ? throw AlpacaException.NotFound("position does not exist") : AlpacaJson.Result(Answer(position, market));
        });
    }

    private static PositionAnswer Answer(Position position, StockMarket market) => new(position, market.Find(position.Symbol)!);

    private sealed class PositionAnswer(Position position, Stock stock)
    {
        public Guid AssetId => stock.Id;
        public string Symbol => position.Symbol;
        public string Exchange => stock.Exchange;
        public string AssetClass { get; } = AssetEndpoints.AssetClass;
        public bool AssetMarginable { get; }
        public string Qty => AlpacaJson.Figure(position.Quantity);
        public string QtyAvailable => AlpacaJson.Figure(position.QuantityAvailable);
        public string Side { get; } = "long";
        public string AvgEntryPrice => AlpacaJson.Figure(position.AverageEntryPrice);
        public string MarketValue => AlpacaJson.Figure(position.MarketValue);
        public string CostBasis => AlpacaJson.Figure(position.CostBasis);
        public string UnrealizedPl => AlpacaJson.Figure(position.UnrealizedProfit);
        public string UnrealizedPlpc => AlpacaJson.Figure(position.UnrealizedProfitRatio);
        public string UnrealizedIntradayPl => AlpacaJson.Figure(position.IntradayProfit);
        public string UnrealizedIntradayPlpc => AlpacaJson.Figure(position.IntradayProfitRatio);
        public string CurrentPrice => AlpacaJson.Figure(position.CurrentPrice);
        public string LastdayPrice => AlpacaJson.Figure(position.PreviousClose);
        public string ChangeToday => AlpacaJson.Figure(position.ChangeToday);
    }
}
