using System.Net;
using AngleSharp.Html.Parser;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StockMcp.Agent.Database;
using StockMcp.Agent.Tasks;
using StockMcp.Agent.Tests.Fixture;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Agent.Tests.Tasks;

/// <summary>Orders that wait for a price, with nobody there: at most one comes of each, and the task says what happened.</summary>
public sealed class TaskTests
{
    private const string Met = "buy 1 WAYNE when it is below 90"; // it costs less
    private const string NotMet = "buy 1 WAYNE when it is below 2";

    [Fact]
    public async Task When_the_price_is_met_the_person_is_asked_and_one_yes_is_one_order()
    {
        await using var system = await AgentSystem.StartAsync();
        using var alice = await AgentUser.SignInAsync(system, Person.Alice(system));
        var chat = await alice.AskAsync(Met);
        (await chat.CardAsync()).Title.Should().Be("buy 1 WAYNE when it is below 90");

        var asked = await alice.TaskAsync("waits for your yes");
        (await alice.Person.ReadAsync(new Uri(asked.Link!))).Should().Contain("BUY 1 WAYNE").And.Contain(asked.Code);
        using (var response = await alice.PostAsync("tasks", $"tasks/{asked.Id}/delete")) response.StatusCode.Should().Be(HttpStatusCode.Conflict, "she says no where she is asked");
        await alice.Person.SubmitAsync(new Uri(asked.Link!), "Approve");

        var placed = await alice.TaskAsync("placed");
        placed.History[0].Should().Be("Made. It watches the price.");
        placed.History[1].Should().StartWith("The price is ");
        placed.History[^1].Should().StartWith("You said yes, and the order was placed");
        Orders(system).Should().Be(1);
    }

    [Fact]
    public async Task A_paused_task_asks_nobody_and_somebody_elses_cannot_be_touched()
    {
        await using var system = await AgentSystem.StartAsync();
        using var alice = await AgentUser.SignInAsync(system, Person.Alice(system));
        using var bob = await AgentUser.SignInAsync(system, Person.Bob(system));
        await alice.AskAsync(NotMet);
        var task = (await alice.TasksAsync()).Should().ContainSingle().Subject;

        await bob.AskAsync("sell 1 WAYNE when it is above 1");
        foreach (var action in new[] { "pause", "resume", "delete" })
        {
            using var response = await bob.PostAsync("tasks", $"tasks/{task.Id}/{action}");
            response.StatusCode.Should().Be(HttpStatusCode.NotFound, action);
        }
        (await bob.TasksAsync()).Should().ContainSingle();
        await PressAsync(alice, task, "pause");
        (await alice.TasksAsync())[0].State.Should().Be("paused");
        await PressAsync(alice, task, "resume");
        (await alice.TasksAsync())[0].History.Should().Equal("Made. It watches the price.", "You paused it.", "You told it to go on.");
        await PressAsync(alice, task, "delete");
        (await alice.TasksAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task A_task_outlives_a_restart_and_an_approval_that_runs_out_is_no_order()
    {
        var clock = new ShiftedClock();
        await using var system = await AgentSystem.StartAsync(clock: clock);
        using var alice = await AgentUser.SignInAsync(system, Person.Alice(system));
        await alice.AskAsync(Met);
        var first = await alice.TaskAsync("waits for your yes");
        await system.Running.Agent.StopAsync();
        await alice.Person.SubmitAsync(new Uri(first.Link!), "Approve");
        await system.Running.Agent.StartAsync();
        (await alice.TaskAsync("placed")).Id.Should().Be(first.Id);

        await alice.AskAsync("buy 2 WAYNE when it is below 90");
        await alice.TaskAsync("waits for your yes");
        clock.Advance(TimeSpan.FromMinutes(6));

        (await alice.TaskAsync("over, nothing ordered")).History[^1].Should().Be("You did not answer in time. Nothing was ordered.");
        Orders(system).Should().Be(1);
    }

    [Fact]
    public async Task A_task_whose_connection_was_revoked_says_so_and_goes_on_when_it_is_mended()
    {
        var clock = new ShiftedClock();
        await using var system = await AgentSystem.StartAsync(clock: clock);
        using var alice = await AgentUser.SignInAsync(system, Person.Alice(system));
        await alice.AskAsync(NotMet); // first there is one that only waits
        await alice.Person.SubmitAsync(new Uri(system.Running.Authority.Url, "account"), "Disconnect");
        await alice.AskAsync(Met);

        var stopped = await alice.TaskAsync("needs you");
        stopped.History[^1].Should().Contain("your account has to be connected");
        await alice.Person.GoAsync(new Uri(stopped.Link!), url => url.AbsolutePath == "/account");
        await PressAsync(alice, stopped, "resume");
        var asked = await alice.TaskAsync("waits for your yes");
        await alice.Person.SubmitAsync(new Uri(asked.Link!), "Deny");
        (await alice.TaskAsync("over, nothing ordered")).History[^1].Should().Be("You said no. Nothing was ordered.");

        await alice.Person.SubmitAsync(new Uri(system.Running.Authority.Url, "account"), "Sign out this agent");
        clock.Advance(TimeSpan.FromMinutes(11)); // what it may still read prices with
        await Eventually.TrueAsync(async () => (await alice.TasksAsync())[1].State == "needs you", () => "the other task notices that its agent was signed out");
        Orders(system).Should().Be(0);
    }

    [Fact]
    public async Task Two_copies_work_on_the_same_tasks_and_each_asks_once()
    {
        await using var system = await AgentSystem.StartAsync();
        using var alice = await AgentUser.SignInAsync(system, Person.Alice(system));
        await using var copy = StockMcp.Agent.Program.Build(["--environment", "Development"], builder =>
        {
            builder.Configuration.AddInMemoryCollection(Settings(system));
            system.Configure("Agent", builder);
        });
        await copy.StartAsync();
        foreach (var quantity in new[] { 1, 2, 3, 4 }) await alice.AskAsync($"buy {quantity} WAYNE when it is below 90");

        await Eventually.TrueAsync(async () => (await alice.TasksAsync()).All(task => task.State == "waits for your yes"), () => "all are asked for");
        foreach (var task in await alice.TasksAsync()) await alice.Person.SubmitAsync(new Uri(task.Link!), "Approve");
        await Eventually.TrueAsync(async () => (await alice.TasksAsync()).All(task => task.State == "placed"), () => "all are placed");

        foreach (var task in await alice.TasksAsync()) task.History.Count(happened => happened.StartsWith("You were asked", StringComparison.Ordinal)).Should().Be(1);
        Orders(system).Should().Be(4);
    }

    [Fact]
    public async Task A_worker_that_dies_twenty_times_between_the_yes_and_the_order_leaves_one_order_settled()
    {
        var (clock, deaths) = (new ShiftedClock(), new Deaths(20));
        await using var system = await AgentSystem.StartAsync(clock: clock, configure: (application, builder) =>
        {
            if (application != "Agent") return;
            builder.Services.ConfigureDbContext<AgentDbContext>(options => options.AddInterceptors(deaths));
            builder.Services.ConfigureDbContext<PostgreSqlAgentDbContext>(options => options.AddInterceptors(deaths));
        });
        using var alice = await AgentUser.SignInAsync(system, Person.Alice(system));
        await alice.AskAsync(Met);

        // It asks, and dies before it has noted the answer: nobody knows the approval but the Authority and the person.
        await DieAsync(3);
        var pages = await new HtmlParser().ParseDocumentAsync(await alice.Person.ReadAsync(new Uri(system.Running.Authority.Url, "approvals")));
        var link = pages.QuerySelectorAll("#live article h3 a").Should().ContainSingle("each time it is the same request").Subject.GetAttribute("href")!.TrimStart('/');
        await alice.Person.SubmitAsync(new Uri(system.Running.Authority.Url, link), "Approve");
        await DieAsync(20);

        var placed = await alice.TaskAsync("placed");
        placed.History[^1].Should().StartWith("You said yes, and the order was placed");
        Orders(system).Should().Be(1);
        (await alice.Person.ReadAsync(new Uri(system.Running.Authority.Url, "approvals"))).Should().NotContain(">Approve<", "she is asked for no second one");

        Task DieAsync(int times) => Eventually.TrueAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1)); // what is left of the dead worker's lease
                return Task.FromResult(deaths.Count >= times);
            },
            () => $"it died {deaths.Count} times");
    }

    private static async Task PressAsync(AgentUser user, ShownTask task, string action)
    {
        using var response = await user.PostAsync("tasks", $"tasks/{task.Id}/{action}");
        response.StatusCode.Should().Be(HttpStatusCode.Redirect, await response.Content.ReadAsStringAsync());
    }

    private static int Orders(StockMcpSystem system) => system.Brokerage.Requests.Count(request => request is { Method: "POST", Path: "/v2/orders", Status: 200 });

    private static Dictionary<string, string?> Settings(StockMcpSystem system)
    {
        var settings = system.Running.Agent.Services.GetRequiredService<IConfiguration>();
        var copied = settings.AsEnumerable().Where(setting => setting.Value is not null && setting.Key.Split(':')[0] is "Authority" or "Agent" or "Tasks" or "ConnectionStrings" or "DataDirectory" or "PublicUrl").ToDictionary(setting => setting.Key, setting => setting.Value);
        copied["Urls"] = $"http://localhost:{FreePorts.Take()}";
        return copied;
    }

    /// <summary>Kills whoever is about to note that a person was asked, or what became of it.</summary>
    private sealed class Deaths(int most) : SaveChangesInterceptor
    {
        private int count;

        public int Count => count;

        public override ValueTask<InterceptionResult<int>> SavingChangesAsync(DbContextEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
            => eventData.Context!.ChangeTracker.Entries<AgentTask>().Any(task => task.Entity.ApprovalId is not null) && Interlocked.Increment(ref count) <= most
                ? throw new InvalidOperationException("The worker was killed here.")
                : new(result);
    }
}
