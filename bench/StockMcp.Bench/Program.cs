using StockMcp.Bench;
using StockMcp.Bench.Approvals;
using StockMcp.Bench.ColdStorm;
using StockMcp.Bench.Growth;
using StockMcp.Bench.Portfolio;
using StockMcp.Bench.Refreshes;
using StockMcp.Bench.StartUp;
using StockMcp.Bench.ToolCalls;
using StockMcp.Bench.Users;
using StockMcp.Testing.ForeignClients;

if (args is ["peer", var kind, .. var more])
{
    await (kind == "bare" ? BarePeer.RunAsync(more) : SdkPeer.RunAsync(more));
    return 0;
}
if (args is ["profile"])
{
    await ToolCallRow.ProfileAsync(new Report());
    return 0;
}
if (Counts.Parse(args.Where(argument => argument.StartsWith("--", StringComparison.Ordinal))) is not { } counts)
{
    Console.Error.WriteLine("The options are --full, --users=10000, --calls=200000 and --growth=100000; none below 100.");
    return 2;
}
var artifacts = Path.Combine(Toolbox.Repository, "artifacts");
var rows = new Dictionary<string, Func<Report, Task>>
{
    ["tool-call"] = ToolCallRow.RunAsync,
    ["portfolio"] = PortfolioRow.RunAsync,
    ["cold-storm"] = ColdStormRow.RunAsync,
    ["users"] = report => UsersRow.RunAsync(report, counts.Users),
    ["refresh"] = RefreshRow.RunAsync,
    ["approval"] = ApprovalRow.RunAsync,
    ["start"] = report => StartUpRow.RunAsync(report, counts.Calls),
    ["growth"] = report => GrowthRow.RunAsync(report, counts.Growth, Path.Combine(artifacts, "performance-growth.svg")),
};
string[] names = [.. args.Where(argument => !argument.StartsWith("--", StringComparison.Ordinal))];
if (names.FirstOrDefault(name => !rows.ContainsKey(name)) is { } unknown)
{
    Console.Error.WriteLine($"There is no row {unknown}. There are {string.Join(", ", rows.Keys)}.");
    return 2;
}
var report = new Report();
Console.WriteLine(Report.Machine);
foreach (var name in names.Length == 0 ? [.. rows.Keys] : names) await report.RunAsync(name, rows[name]);
report.Write(artifacts);
return 0;
