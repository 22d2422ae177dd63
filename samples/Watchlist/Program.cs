using StockMcp.Hosting;
using StockMcp.ResourceServer.McpEndpoint;
using Watchlist;

var builder = SettingsFile.CreateBuilder("Watchlist", "watchlist.json", args);
builder.AddProtectedMcp(new() { Name = "Watchlist", DefaultScopes = ["watchlist:read"] }).WithTools<WatchlistTools>();
builder.Services.AddSingleton<Watchlists>();
builder.Services.AddHttpClient<BuyingPower>(http => http.BaseAddress = new Uri(builder.Configuration["Brokerage"]!));

var app = builder.Build();
app.UseProtectedMcp();
await app.RunAsync();
