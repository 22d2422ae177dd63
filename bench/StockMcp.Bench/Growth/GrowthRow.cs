using System.Globalization;
using Microsoft.EntityFrameworkCore;
using OpenIddict.EntityFrameworkCore.Models;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Consent;
using StockMcp.Authority.Registration;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.Vault;
using StockMcp.Bench.ToolCalls;
using StockMcp.Testing.Harness;

namespace StockMcp.Bench.Growth;

/// <summary>What the same requests cost the Authority, on PostgreSQL, as what it keeps grows: clients, connected people, open approvals, the audit log. Rows are copied by the database; each request is timed alone.</summary>
internal static class GrowthRow
{
    public static async Task RunAsync(Report report, int most, string file)
    {
        await using var issuer = await Issuer.StartAsync();
        await using var postgreSql = await PostgreSql.StartAsync(durable: true);
        var panels = new List<Panel>
        {
            await GrowAsync("Registered clients", 100, most, CopyClientsAsync, ("register a client", system => system.RegisterAsync()), ("refresh", system => system.RefreshAsync())),
            await GrowAsync("Connected people", 10, most, CopyPeopleAsync, ("exchange, cold", system => system.ExchangeAsync()), ("sign an agent out", SignOutAsync)),
            await GrowAsync("Open approvals", 1, most / 10, CopyApprovalsAsync, ("ask for an approval", system => system.AskAsync()), ("approve", system => system.ApproveAsync())),
            await GrowAsync("Entries of the audit log", 100, most * 10, CopyAuditAsync, ("exchange, cold", system => system.ExchangeAsync()), ("account page", system => system.ReadAccountAsync())),
        };
        foreach (var panel in panels)
        {
            foreach (var line in panel.Lines)
            {
                report.Add("growth", $"{panel.Title}: {line.Name}, p50 in ms", string.Join(", ", line.Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.Milliseconds:0.0} at {point.Size:#,0}"))));
            }
        }
        await File.WriteAllTextAsync(file, GrowthChart.Draw(panels));

        async Task<Panel> GrowAsync(string title, int first, int last, Func<GrowingSystem, int, int, Task> copy, params (string Name, Func<GrowingSystem, Task<double>> Time)[] requests)
        {
            await using var system = await GrowingSystem.StartAsync(issuer, postgreSql);
            foreach (var request in requests) await MedianAsync(request.Time); // the code is compiled
            var lines = requests.Select(request => new Line(request.Name, [])).ToList();
            var before = 0;
            for (long size = first; size <= last; before = (int)size, size *= 10)
            {
                await copy(system, before + 1, (int)size);
                await system.AnalyzeAsync();
                foreach (var (line, request) in lines.Zip(requests)) line.Points.Add(new Point((int)size, await MedianAsync(request.Time)));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"growth: {title} {size}: {string.Join(", ", lines.Select(line => $"{line.Name} {line.Points[^1].Milliseconds:0.0} ms"))}"));
            }
            return new Panel(title, lines);

            async Task<double> MedianAsync(Func<GrowingSystem, Task<double>> time)
            {
                var times = new List<double>();
                while (times.Count < GrowingSystem.People) times.Add(await time(system));
                return Measured.Quantile(times, 0.5);
            }
        }
    }

    private static async Task CopyClientsAsync(GrowingSystem system, int from, int to)
    {
        await system.Population.CopyAsync<OpenIddictEntityFrameworkCoreApplication>($"\"ClientId\" = '{system.ClientId}'", from, to, ("Id", "'copy-' || i"), ("ClientId", "'copy-' || i"));
        await system.Population.CopyAsync<SelfRegistration>($"\"ClientId\" = '{system.ClientId}'", from, to, ("ClientId", "'copy-' || i"), ("Fingerprint", "decode(md5(i::text), 'hex')"));
    }

    // All with the same agent, as it is where many use the one that everybody knows.
    private static async Task CopyPeopleAsync(GrowingSystem system, int from, int to)
    {
        var (population, id) = (system.Population, await system.Population.IdAsync(1));
        var (mine, subject) = ($"\"PersonId\" = '{system.Alice}'", ("Subject", $"{id}::text"));
        await population.CopyAsync<Person>($"\"Id\" = '{system.Alice}'", from, to, ("Id", id));
        await population.CopyAsync<PersonKey>(mine, from, to, ("PersonId", id));
        await population.CopyAsync<ConnectedAccount>(mine, from, to, ("Id", id), ("PersonId", id), subject);
        await population.CopyAsync<AgentConsent>(mine, from, to, ("PersonId", id));
        await population.CopyAsync<Session>(mine, from, to, ("Id", id), ("PersonId", id));
        await population.CopyAsync<OpenIddictEntityFrameworkCoreAuthorization>($"\"Subject\" = '{system.Alice}'", from, to, ("Id", "'copy-' || i"), subject);
        await population.CopyAsync<OpenIddictEntityFrameworkCoreToken>($"\"Subject\" = '{system.Alice}' AND \"ReferenceId\" IS NOT NULL AND \"Status\" = 'valid'", from, to, ("Id", "'copy-' || i"), ("AuthorizationId", "'copy-' || i"), ("ReferenceId", "'copy-' || i"), subject);
        await population.CopyAsync<OpenIddictEntityFrameworkCoreToken>($"\"Subject\" = '{system.Alice}' AND \"ReferenceId\" IS NULL AND \"Status\" = 'valid'", from, to, ("Id", "'other-' || i"), ("AuthorizationId", "'copy-' || i"), subject);
    }

    private static async Task CopyApprovalsAsync(GrowingSystem system, int from, int to)
    {
        var (population, id) = (system.Population, await system.Population.IdAsync(1));
        await system.AskAsync();
        var ago = $"{TimeProvider.System.GetUtcNow().UtcTicks} - (i % 300) * {TimeSpan.TicksPerSecond}";
        await population.CopyAsync<Person>($"\"Id\" = '{system.Alice}'", from, to, ("Id", id));
        await population.CopyAsync<Approval>($"\"PersonId\" = '{system.Alice}' AND \"State\" = 0", from, to,
            ("Id", id), ("PersonId", id), ("AuthReqIdHash", "'copy-' || i"), ("PendingKey", "'copy-' || i"), ("RequestedAt", ago), ("ChangedAt", ago), ("AgentId", "'copy-' || (i % 1000)"), ("ExpiresAt", $"{TimeProvider.System.GetUtcNow().AddHours(1).UtcTicks}"));
        await system.ForgetApprovalsAsync();
    }

    private static Task CopyAuditAsync(GrowingSystem system, int from, int to) => system.Population.WithAsync(async (database, _) =>
    {
        // Every tenth is Alice's.
        var end = await database.Set<AuditEntry>().MaxAsync(entry => entry.Seq);
        await system.Population.CopyAsync<AuditEntry>($"\"Seq\" = {end}", from, to, ("Seq", $"{end - from + 1} + i"), ("Actor", $"CASE WHEN i % 10 = 0 THEN '{system.Alice}' ELSE md5((i % 10000)::text) END"));
        await system.Population.CopyAsync<AuditCheckpoint>($"\"Seq\" = (SELECT min(\"Seq\") FROM \"AuditCheckpoints\")", from / 100, to / 100, ("Seq", $"{end} + i * 100"));
        return await database.Set<AuditHead>().ExecuteUpdateAsync(set => set.SetProperty(head => head.Seq, head => head.Seq + to - from + 1));
    });

    private static Task<double> SignOutAsync(GrowingSystem system) => system.Population.WithAsync(async (database, services) =>
    {
        var person = await database.Set<AgentConsent>().Where(consent => consent.PersonId != system.Alice).Select(consent => consent.PersonId).FirstOrDefaultAsync();
        return await Load.TimeAsync(() => services.GetRequiredService<ConsentStore>().RevokeAsync(person, system.ClientId, CancellationToken.None));
    });
}
