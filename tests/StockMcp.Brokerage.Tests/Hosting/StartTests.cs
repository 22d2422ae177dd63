using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace StockMcp.Brokerage.Tests.Hosting;

/// <summary>The program itself, as an operator starts it.</summary>
public class StartTests
{
    [Fact]
    public async Task A_port_that_is_taken_ends_in_one_line()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var (code, output) = await RunAsync($"--Urls=http://127.0.0.1:{((IPEndPoint)other.LocalEndpoint).Port}");
        code.Should().Be(1);
        output.Should().ContainSingle().Which.Should().Contain("already in use").And.Contain("Urls");
    }

    [Fact]
    public async Task A_data_folder_that_cannot_be_written_to_ends_in_one_line()
    {
        var file = Path.GetTempFileName();
        var (code, output) = await RunAsync($"--DataDirectory={Path.Combine(file, "data")}", "--Urls=http://127.0.0.1:0");
        File.Delete(file);
        code.Should().Be(1);
        output.Should().ContainSingle().Which.Should().Contain("cannot be written to").And.Contain("DataDirectory");
    }

    [Theory]
    [InlineData("--Market:Spread=0.5", "Market:Spread must lie between")]
    [InlineData("--Market:Sped=7", "Sped")]
    [InlineData("--Trading:StartingCash=-1", "Trading:StartingCash must lie between")]
    [InlineData("--PublicUrl=http://broker.example.com", "plain http is allowed on loopback only")]
    [InlineData("--DemoUsers=true", "DemoUsers is true in Production")]
    public async Task A_wrong_setting_ends_in_one_line_that_names_it(string setting, string expected)
    {
        var (code, output) = await RunAsync(setting, "--Urls=http://127.0.0.1:0");
        code.Should().Be(1);
        output.Should().ContainSingle().Which.Should().Contain(expected);
    }

    private static async Task<(int Code, string[] Output)> RunAsync(params string[] args)
    {
        var data = Directory.CreateTempSubdirectory("stockmcp-");
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, $"--DataDirectory={data.FullName}", .. args]) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = start.Environment["DOTNET_ENVIRONMENT"] = "Production";
        using var process = Process.Start(start)!;
        var (error, output) = (process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await process.WaitForExitAsync(patience.Token);
        var lines = (await output + await error).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        data.Delete(recursive: true);
        return (process.ExitCode, lines);
    }
}
