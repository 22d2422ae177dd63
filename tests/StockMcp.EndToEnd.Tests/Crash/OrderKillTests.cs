using System.Security.Cryptography;
using StockMcp.EndToEnd.Tests.Orders;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.Crash;

/// <summary>Server, Authority and Brokerage as processes of their own; one of them is killed at any moment of an order.</summary>
public sealed class OrderKillTests
{
    // STOCKMCP_ORDER_KILLS=30 for the long run.
    private static readonly int Rounds = int.TryParse(Environment.GetEnvironmentVariable("STOCKMCP_ORDER_KILLS"), out var rounds) ? rounds : 3;
    private static readonly string[] Applications = ["Server", "Authority", "Brokerage"];
    private static readonly string[] Final = ["placed", "rejected", "not_placed", "denied", "expired"];

    [Fact, Trait("Requirement", "OX-06"), Trait("Requirement", "OX-04")]
    public async Task Killed_at_any_moment_of_an_order_there_is_one_at_most_and_its_end_is_told()
    {
        await using var processes = await SeparateProcesses.StartAsync(Applications);
        var system = processes.System;
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        Trader[] traders = [await Trader.ConnectAsync(system, alice), await Trader.ConnectAsync(system, bob)];
        var ends = new List<string>();

        for (var round = 0; round < Rounds; round++)
        {
            var victim = Applications[round % Applications.Length];
            foreach (var trader in traders) await TryAsync(trader.Agent.RefreshAsync);
            var before = new List<int>();
            var pending = new List<OrderAnswer>();
            foreach (var trader in traders)
            {
                before.Add(await CountAsync(trader));
                pending.Add(await trader.PlaceAsync($"{round + 1}", "2.00"));
                pending[^1].Status.Should().Be("approval_pending", pending[^1].ToString());
            }

            var deciding = traders.Zip(pending).Select(pair => TryAsync(() => pair.First.ApproveAsync(pair.Second))).ToList();
            await Task.Delay(RandomNumberGenerator.GetInt32(900));
            await processes.KillAsync(victim);
            await Task.WhenAll(deciding);
            await processes.StartAgainAsync(victim);

            for (var number = 0; number < traders.Length; number++)
            {
                var (trader, asked) = (traders[number], pending[number]);
                var ended = await EndAsync(trader, asked);
                ends.Add($"{victim}: {ended}");
                ended.Should().BeOneOf(Final, "round {0}, {1} was killed", round, victim);
                (await CountAsync(trader) - before[number]).Should().Be(ended == "placed" ? 1 : 0, "round {0}, {1} was killed, the order is {2}", round, victim, ended);
            }
        }
        TestContext.Current.SendDiagnosticMessage(string.Join(", ", ends.GroupBy(end => end).Select(group => $"{group.Key} {group.Count()}")));
        foreach (var trader in traders) trader.Dispose();
    }

    // A kill in the middle of a refresh can end the connection: then its person connects it again.
    private static async Task<int> CountAsync(Trader trader)
    {
        var last = "";
        for (var tries = 0; tries < 60; tries++)
        {
            var result = await trader.Agent.CallToolAsync("list_orders", new { limit = 100 });
            if (result.Structured?["orders"] is { } orders) return orders.AsArray().Count;
            last = result.Text;
            if (result.Structured?["error"]?["connect_uri"]?.GetValue<string>() is { } connect) await TryAsync(() => trader.Person.GoAsync(new Uri(connect), url => url.AbsolutePath == "/account"));
            else await Task.Delay(TimeSpan.FromMilliseconds(500));
        }
        throw new InvalidOperationException($"The orders cannot be listed: {last}");
    }

    // A yes that was lost with the Authority is given again.
    private static async Task<string?> EndAsync(Trader trader, OrderAnswer asked)
    {
        string? status = null;
        for (var tries = 0; tries < 120; tries++)
        {
            await TryAsync(async () => status = (await trader.StateAsync(asked.ApprovalId)).Status);
            if (Final.Contains(status)) return status;
            if (status == "unknown") await TryAsync(() => CountAsync(trader));
            if (status == "approval_pending") await TryAsync(() => trader.ApproveAsync(asked));
            await Task.Delay(TimeSpan.FromMilliseconds(500));
        }
        return status;
    }

    private static async Task TryAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception exception) when (exception is HttpRequestException or InvalidOperationException or Xunit.Sdk.XunitException or NullReferenceException)
        {
            // It was killed in between, or the page says what became of it meanwhile.
        }
    }
}
