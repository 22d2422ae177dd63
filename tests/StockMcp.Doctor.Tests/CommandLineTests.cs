using StockMcp.Testing.Harness;

namespace StockMcp.Doctor.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("doctor")]
    [InlineData("doctor", "mcp.example.com")]
    [InlineData("doctor", "ftp://mcp.example.com/mcp")]
    [InlineData("doctor", "https://ann:secret@mcp.example.com/mcp")]
    [InlineData("doctor", "https://mcp.example.com/mcp", "--timeout", "0")]
    [InlineData("doctor", "https://mcp.example.com/mcp", "--nonsense")]
    [InlineData("nonsense")]
    public async Task A_command_line_that_cannot_be_is_2_and_one_line(params string[] arguments)
    {
        var run = await DoctorRun.RunAsync(arguments);

        run.ExitCode.Should().Be(2);
        run.Errors.Should().NotBeEmpty().And.NotContain("   at ").And.NotContain("secret@");
        run.Output.Should().BeEmpty();
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_2_and_says_why()
    {
        var run = await DoctorRun.RunAsync(["doctor", $"http://127.0.0.1:{FreePorts.Take()}/mcp", "--json"]);

        run.ExitCode.Should().Be(2);
        run.Errors.Should().Contain("cannot be reached").And.Contain("refused");
    }

    [Fact]
    public async Task Help_names_every_option()
    {
        var run = await DoctorRun.RunAsync(["doctor", "--help"]);

        run.ExitCode.Should().Be(0);
        run.Output.Should().Contain("--register").And.Contain("--login").And.Contain("--token").And.Contain("--json");
    }

    [Fact]
    public void Every_check_is_explained_in_the_documentation_under_its_id()
    {
        var page = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "doctor.md"));

        var ids = Checks.All.SelectMany(step => step.Checks).Select(check => check.Id).ToList();

        ids.Should().OnlyHaveUniqueItems();
        page.Where(line => line.StartsWith("| <a id=\"", StringComparison.Ordinal)).Select(line => line.Split('"')[1]).Should().Equal(ids);
    }
}
