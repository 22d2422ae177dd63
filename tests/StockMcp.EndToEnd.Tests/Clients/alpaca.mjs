// Alpaca's own client reads an account from whoever serves its API under the base path.
// Usage: node alpaca.mjs BASE_PATH, with the access token on standard input. Prints what it read as JSON.
import { text } from "node:stream/consumers";
import { trading, marketData } from "@alpacahq/alpaca-trade-api";

const [basePath] = process.argv.slice(2);
const accessToken = (await text(process.stdin)).trim();
const tradingApi = new trading.Configuration({ accessToken, basePath });
const marketDataApi = new marketData.Configuration({ accessToken, basePath });

const orders = new trading.OrdersApi(tradingApi);
const assets = new trading.AssetsApi(tradingApi);
const positions = new trading.PositionsApi(tradingApi);
const stocks = new marketData.StockApi(marketDataApi);
const refusal = async (call) => {
  try {
    await call();
    return null;
  } catch (error) {
    return { name: error.name, status: error.status, code: error.code, message: error.message };
  }
};

const listed = await orders.getAllOrders({ status: "all", limit: 10 });
const answer = {
  account: await new trading.AccountsApi(tradingApi).getAccount(),
  positions: await positions.getAllOpenPositions(),
  position: await positions.getOpenPosition({ symbolOrAssetId: "WAYNE" }),
  assets: await assets.getV2Assets(),
  asset: await assets.getV2AssetsSymbolOrAssetId({ symbolOrAssetId: "WAYNE" }),
  clock: await new trading.ClockApi(tradingApi).legacyClock(),
  calendar: await new trading.CalendarApi(tradingApi).legacyCalendar({ start: new Date("2026-11-23"), end: new Date("2026-11-28") }),
  history: await new trading.PortfolioHistoryApi(tradingApi).getAccountPortfolioHistory({ period: "1D", timeframe: "15Min" }),
  orders: listed,
  order: await orders.getOrderByOrderID({ orderId: listed[0].id }),
  sameOrder: await orders.getOrderByClientOrderId({ clientOrderId: listed[0].clientOrderId }),
  quote: await stocks.stockLatestQuoteSingle({ symbol: "WAYNE" }),
  quotes: await stocks.stockLatestQuotes({ symbols: "WAYNE,ACME" }),
  trades: await stocks.stockLatestTrades({ symbols: "WAYNE" }),
  bars: await stocks.stockBars({ symbols: "WAYNE", timeframe: "1Day", start: new Date(Date.now() - 10 * 24 * 60 * 60 * 1000), limit: 5 }),
  noPosition: await refusal(() => positions.getOpenPosition({ symbolOrAssetId: "STARK" })),
  noOrder: await refusal(() => orders.postOrder({ postOrderRequest: { symbol: "WAYNE", qty: "1", side: "buy", type: "market", timeInForce: "day" } })),
};
console.log(JSON.stringify(answer));
