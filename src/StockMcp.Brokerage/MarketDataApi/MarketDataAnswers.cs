using System.Text.Json.Serialization;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.TradingApi;

namespace StockMcp.Brokerage.MarketDataApi;

/// <summary>A quote as Alpaca's market data writes it: numbers, and names of a letter or two.</summary>
internal sealed class QuoteAnswer(Quote quote, Stock stock)
{
    [JsonPropertyName("t")] public string Time => AlpacaJson.Time(quote.Time);
    [JsonPropertyName("ax")] public string AskExchange { get; } = "V";
    [JsonPropertyName("ap")] public decimal AskPrice => quote.Ask;
    [JsonPropertyName("as")] public int AskSize => quote.AskSize;
    [JsonPropertyName("bx")] public string BidExchange { get; } = "V";
    [JsonPropertyName("bp")] public decimal BidPrice => quote.Bid;
    [JsonPropertyName("bs")] public int BidSize => quote.BidSize;
    [JsonPropertyName("c")] public IReadOnlyList<string> Conditions { get; } = ["R"];
    [JsonPropertyName("z")] public string Tape => MarketDataEndpoints.TapeOf(stock);
}

/// <summary>A trade.</summary>
internal sealed class TradeAnswer(Trade trade, Stock stock)
{
    [JsonPropertyName("t")] public string Time => AlpacaJson.Time(trade.Time);
    [JsonPropertyName("x")] public string Exchange { get; } = "V";
    [JsonPropertyName("p")] public decimal Price => trade.Price;
    [JsonPropertyName("s")] public int Size => trade.Size;
    [JsonPropertyName("c")] public IReadOnlyList<string> Conditions { get; } = ["@"];
    [JsonPropertyName("i")] public long Id => trade.Id;
    [JsonPropertyName("z")] public string Tape => MarketDataEndpoints.TapeOf(stock);
}

/// <summary>A bar.</summary>
internal sealed class BarAnswer(Bar bar)
{
    [JsonPropertyName("t")] public string Start => AlpacaJson.Time(bar.Start);
    [JsonPropertyName("o")] public decimal Open => bar.Open;
    [JsonPropertyName("h")] public decimal High => bar.High;
    [JsonPropertyName("l")] public decimal Low => bar.Low;
    [JsonPropertyName("c")] public decimal Close => bar.Close;
    [JsonPropertyName("v")] public long Volume => bar.Volume;
    [JsonPropertyName("n")] public long TradeCount => bar.TradeCount;
    [JsonPropertyName("vw")] public decimal VolumeWeightedPrice => bar.VolumeWeightedPrice;
}
