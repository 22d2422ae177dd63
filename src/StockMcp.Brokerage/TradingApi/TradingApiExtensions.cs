namespace StockMcp.Brokerage.TradingApi;

/// <summary>The part of Alpaca's Trading API v2 that is served here.</summary>
public static class TradingApiExtensions
{
    /// <summary>Adds what its endpoints need.</summary>
    public static void AddTradingApi(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddAlpacaEndpoints();
    }

    /// <summary>Accounts, positions and orders for those whose token allows it; assets, clock and calendar for everybody.</summary>
    public static void MapTradingApi(this IEndpointRouteBuilder routes)
    {
        routes.MapAccount();
        routes.MapPositions();
        routes.MapOrders();
        routes.MapAssets();
        routes.MapHours();
        // Whatever else Alpaca has is not here, and says so as Alpaca would.
        routes.MapAlpacaGroup(Policies.PublicData).Map("/{**path}", IResult () => throw AlpacaException.NotFound("endpoint not found"));
    }
}
