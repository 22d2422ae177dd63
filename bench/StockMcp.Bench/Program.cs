using StockMcp.Bench;
using StockMcp.Bench.Approvals;
using StockMcp.Bench.ColdStorm;
using StockMcp.Bench.Portfolio;
using StockMcp.Bench.StartUp;
using StockMcp.Bench.ToolCalls;

if (args is ["peer", var kind, .. var more])
{
    await (kind == "bare" ? BarePeer.RunAsync(more) : SdkPeer.RunAsync(more));
    return;
}
var rows = new Dictionary<string, Func<Report, Task>>
{
    ["tool-call"] = ToolCallRow.RunAsync,
    ["portfolio"] = PortfolioRow.RunAsync,
    ["cold-storm"] = ColdStormRow.RunAsync,
    ["approval"] = ApprovalRow.RunAsync,
    ["start"] = StartUpRow.RunAsync,
};
if (args is ["profile"])
{
    await ToolCallRow.ProfileAsync(new Report());
    return;
}
if (args.FirstOrDefault(name => !rows.ContainsKey(name)) is { } unknown)
{
    Console.Error.WriteLine($"There is no row {unknown}. There are {string.Join(", ", rows.Keys)}.");
    Environment.ExitCode = 2;
    return;
}
var report = new Report();
Console.WriteLine(Report.Machine);
foreach (var name in args.Length == 0 ? [.. rows.Keys] : args) await rows[name](report);
report.Write(Path.Combine(StockMcp.Testing.ForeignClients.Toolbox.Repository, "artifacts", "bench.json"));
Console.WriteLine("artifacts/bench.json");
