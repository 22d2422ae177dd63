using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;

namespace StockMcp.EndToEnd.Tests;

/// <summary>The real process, as <c>dotnet run</c> starts it.</summary>
public sealed class StartUpTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("stockmcp-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task It_says_where_it_is_who_may_sign_in_and_how_to_add_it_and_stops_in_order()
    {
        var server = FreePorts.Take();
        await using var process = Start($"--Ports:Server={server}");

        await process.ReadUntilAsync(new Regex("Press Ctrl-C", RegexOptions.None, ForeignProcess.Patience));
        await process.ReadUntilAsync(new Regex("MCP Inspector", RegexOptions.None, ForeignProcess.Patience));
        process.Output.Should().Contain($"claude mcp add --transport http stock http://localhost:{server}/mcp")
            .And.Contain("alice / white-rabbit-7").And.Contain("bob / yes-we-can-42");
        using var http = new HttpClient();
        (await http.GetAsync($"http://localhost:{server}/health/ready")).StatusCode.Should().Be(HttpStatusCode.OK);

        process.Terminate();
        (await process.WaitForExitAsync()).Should().Be(0, process.Output);
    }

    [Fact]
    public async Task A_taken_port_is_one_line_that_names_it_and_exit_code_1()
    {
        var taken = FreePorts.TakeEndPoint();
        using var other = new TcpListener(taken);
        other.Start();

        await ShouldFailAsync([$"--Ports:Authority={taken.Port}"], $"Port {taken.Port} for the Authority", "--Ports:Authority=");
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_written_to_is_one_line_that_names_it_and_exit_code_1()
    {
        // Below a file no folder can be made, whoever tries.
        var file = Path.Combine(folder, "file");
        await File.WriteAllTextAsync(file, "");

        await ShouldFailAsync([$"--DataDirectory={file}/data"], $"{file}/data", "another folder with the setting DataDirectory");
    }

    [Theory]
    [InlineData("--Brokerage:Market:Spread=wide", "Spread")]
    [InlineData("--Brokerage:Market:Spread=5", "Spread")]
    [InlineData("--Server:PublicUrl=http://stock.example.com", "plain http is allowed on loopback only")]
    [InlineData("--Authority:PublicUrl=ftp://localhost", "PublicUrl is 'ftp://localhost'")]
    [InlineData("--Ports:Server=many", "Ports:Server is 'many'")]
    [InlineData("--Colour=blue", "The setting 'Colour' is not known here")]
    [InlineData("start", "'start' is not understood")]
    public async Task A_wrong_setting_is_one_line_that_says_what_is_allowed_and_exit_code_1(string argument, string says) => await ShouldFailAsync([argument], says);

    private async Task ShouldFailAsync(string[] arguments, params string[] says)
    {
        await using var process = Start(arguments);
        (await process.WaitForExitAsync()).Should().Be(1, process.Output);
        var lines = process.Output.Trim().Split('\n');
        lines.Should().ContainSingle(process.Output);
        foreach (var text in says) lines[0].Should().Contain(text);
    }

    private ForeignProcess Start(params string[] arguments)
    {
        var given = arguments.Append($"--DataDirectory={folder}/data").Concat(new[] { "Server", "Authority", "Brokerage", "Agent" }.Select(name => $"--Ports:{name}={FreePorts.Take()}"));
        var defaults = given.DistinctBy(argument => argument.Split('=')[0]);
        return ForeignProcess.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "StockMcp.AppHost.dll"), .. defaults], folder);
    }
}
