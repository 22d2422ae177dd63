namespace StockMcp.Doctor.Tests;

/// <summary>What the C# SDK does by itself, and leaves to whoever builds on it.</summary>
public sealed class SdkServerTests
{
    [Fact]
    public async Task A_tool_without_its_scope_is_an_error_inside_a_200_and_no_client_can_act_on_it()
    {
        await using var server = await SdkServer.StartAsync();

        var run = await DoctorRun.JsonAsync(server.Url, arguments: ["--token", server.Token(), "--step-up-tool", "write_news"]);

        run.ExitCode.Should().Be(1);
        run.Status("step-up").Should().Be("fail", run.Failures);
        run.What("step-up").Should().Contain("'write_news' is refused in a 200");
        run.Fix("step-up").Should().Contain("403").And.Contain("insufficient_scope");
        run.Status("mcp-tool-call").Should().Be("pass");
        run.Output.Should().NotContain(server.Token().Split('.')[1]);
    }

    [Fact]
    public async Task What_else_it_leaves_to_whoever_builds_on_it_is_said()
    {
        await using var server = await SdkServer.StartAsync();

        var run = await DoctorRun.JsonAsync(server.Url, arguments: ["--token", server.Token(), "--step-up-tool", "write_news"]);

        run.That("fail").Should().Equal(["origin-foreign", "step-up"], run.Failures);
        run.That("warn").Should().Equal(["challenge-scope", "prm-root", "metadata-cors", "bad-token"], run.Failures);
        run.What("bad-token").Should().Contain("error is nothing");
    }
}
