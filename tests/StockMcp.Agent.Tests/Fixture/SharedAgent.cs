using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Agent.Tests.Fixture;

/// <summary>One system, with the command grammar, for tests that only use it: each in chats of its own.</summary>
public sealed class SharedAgent : IAsyncDisposable
{
    private readonly Lazy<Task<StockMcpSystem>> system = new(StartAsync);

    internal Task<StockMcpSystem> GetAsync() => system.Value;

    public async ValueTask DisposeAsync()
    {
        if (system.IsValueCreated) await (await system.Value).DisposeAsync();
    }

    // Everybody was there before, as in SharedSystem.
    private static async Task<StockMcpSystem> StartAsync()
    {
        var fresh = await AgentSystem.StartAsync();
        foreach (var person in new[] { Person.Alice(fresh), Person.Bob(fresh) })
        {
            await person.GoAsync(new Uri(fresh.Running.Authority.Url, "sign-in"), url => url.AbsolutePath == "/account");
            person.Dispose();
        }
        return fresh;
    }
}

/// <summary>Systems whose tasks do not take their time.</summary>
internal static class AgentSystem
{
    public static Task<StockMcpSystem> StartAsync(Dictionary<string, string?>? settings = null, ShiftedClock? clock = null, Action<string, Microsoft.AspNetCore.Builder.WebApplicationBuilder>? configure = null)
        => StockMcpSystem.StartAsync(options => options with
        {
            WithAgent = true,
            AgentSettings = new Dictionary<string, string?> { ["Tasks:LookEvery"] = "00:00:00.2", ["Tasks:Lease"] = "00:00:03" }.Concat(settings ?? []).GroupBy(setting => setting.Key).ToDictionary(setting => setting.Key, setting => setting.Last().Value),
            Configure = configure,
        }, clock);
}
