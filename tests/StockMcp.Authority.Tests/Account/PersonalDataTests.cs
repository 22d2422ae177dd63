using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using StockMcp.Authority.Database;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.Tests.Approvals;
using StockMcp.Authority.Vault;
using StockMcp.Authority.WebPush;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;
using Person = StockMcp.Testing.People.Person;

namespace StockMcp.Authority.Tests.Account;

public sealed class PersonalDataTests
{
    [Fact, Trait("Requirement", "DM-01")]
    public async Task A_person_takes_their_data_away_without_any_secret_in_it()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var agent = await TestAgent.RegisterAsync(system);
        var tokens = await agent.ConnectAsync(alice);
        await TestAgent.ExchangeAsync(system, tokens.AccessToken);

        using var response = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(system.Running.Authority.Url, "account/export")));

        response.Content.Headers.ContentDisposition!.ToString().Should().Be("attachment; filename=stockmcp-data.json; filename*=UTF-8''stockmcp-data.json");
        var text = await response.Content.ReadAsStringAsync();
        var data = JsonDocument.Parse(text).RootElement;
        data.GetProperty("person").GetProperty("display_name").GetString().Should().Be("Alice Liddell");
        data.GetProperty("connected_accounts")[0].GetProperty("state").GetString().Should().Be("connected");
        data.GetProperty("agents")[0].GetProperty("client_id").GetString().Should().Be(agent.ClientId);
        data.GetProperty("sessions").GetArrayLength().Should().Be(1);
        text.Should().NotContain("token\"").And.NotContain("eyJ");
    }

    [Fact, Trait("Requirement", "DM-01")]
    public async Task Approvals_limits_and_notifications_are_theirs_too_and_go_with_them()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        var approval = await client.AskAsync(context: new { name = "Wayne Enterprises" });
        await alice.SubmitAsync(approval.Page, "Deny, and stop asking");
        await alice.SubmitAsync(new Uri(system.Running.Authority.Url, "account/limits"), "Save limits");
        var personId = Guid.Parse(client.Subject);
        await using (var scope = system.Running.Authority.Services.CreateAsyncScope())
        {
            using var key = System.Security.Cryptography.ECDiffieHellman.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
            var point = key.ExportParameters(includePrivateParameters: false).Q;
            (await scope.ServiceProvider.GetRequiredService<BrowserSubscriptions>().AddAsync(personId, "https://push.example/secret-place", Microsoft.IdentityModel.Tokens.Base64UrlEncoder.Encode([4, .. point.X!, .. point.Y!]), Microsoft.IdentityModel.Tokens.Base64UrlEncoder.Encode(new byte[16]), "Firefox on Linux", CancellationToken.None)).Should().BeTrue();
        }

        using var response = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Get, new Uri(system.Running.Authority.Url, "account/export")));
        var text = await response.Content.ReadAsStringAsync();
        await alice.SubmitAsync(new Uri(system.Running.Authority.Url, "account/delete"), "Delete my data");

        var data = JsonDocument.Parse(text).RootElement;
        data.GetProperty("approvals")[0].GetProperty("state").GetString().Should().Be("denied");
        data.GetProperty("approvals")[0].GetProperty("authorization_details")[0].GetProperty("symbol").GetString().Should().Be("WAYNE");
        data.GetProperty("stopped_agents")[0].GetProperty("agent_id").GetString().Should().Be(client.Agent.ClientId);
        data.GetProperty("limits").GetProperty("trading").GetBoolean().Should().BeTrue();
        data.GetProperty("notifications")[0].GetProperty("service").GetString().Should().Be("push.example");
        text.Should().NotContain("secret-place");
        await using var after = system.Running.Authority.Services.CreateAsyncScope();
        var database = after.ServiceProvider.GetRequiredService<AuthorityDbContext>();
        (await database.Set<Authority.Approvals.Approval>().AnyAsync()).Should().BeFalse();
        (await database.Set<TradingLimits.TradingLimit>().AnyAsync()).Should().BeFalse();
        (await database.Set<BrowserSubscription>().AnyAsync()).Should().BeFalse();
    }

    [Fact, Trait("Requirement", "DM-01"), Trait("Requirement", "TV-05"), Trait("Requirement", "AS-12")]
    public async Task Deleting_revokes_upstream_destroys_the_persons_keys_and_ends_every_token()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var agent = await TestAgent.RegisterAsync(system);
        var (tokens, bobs) = (await agent.ConnectAsync(alice), await agent.ConnectAsync(bob));
        await TestAgent.ExchangeAsync(system, tokens.AccessToken);
        var page = new Uri(system.Running.Authority.Url, "account/delete");
        await alice.SubmitAsync(page, "Delete my data");

        system.Brokerage.Requests.Should().Contain(request => request.Path == "/connect/revoke" && request.Status == 200);
        (await agent.RefreshAsync(tokens.RefreshToken!))["error"].Should().Be("invalid_grant");
        (await TestAgent.ExchangeAsync(system, tokens.AccessToken))["error"].Should().Be("invalid_grant");
        (await alice.StatusAsync(page)).Should().Be(HttpStatusCode.Redirect, "she is signed out");
        await using (var scope = system.Running.Authority.Services.CreateAsyncScope())
        {
            var database = scope.ServiceProvider.GetRequiredService<AuthorityDbContext>();
            var id = Guid.Parse(new JsonWebToken(tokens.AccessToken).Subject);
            (await database.Set<PersonKey>().AnyAsync(key => key.PersonId == id)).Should().BeFalse();
            (await database.Set<ConnectedAccount>().AnyAsync(account => account.PersonId == id)).Should().BeFalse();
            (await database.Set<Session>().AnyAsync(session => session.PersonId == id)).Should().BeFalse();
        }
        (await TestAgent.ExchangeAsync(system, bobs.AccessToken)).Status.Should().Be(HttpStatusCode.OK, "he is somebody else");
        (await TestAgent.ExchangeAsync(system, (await agent.ConnectAsync(alice)).AccessToken)).Status.Should().Be(HttpStatusCode.OK, "she may come back, as somebody new");
    }

    [Fact, Trait("Requirement", "DM-01")]
    public async Task Nothing_is_deleted_without_the_tick_or_without_the_pages_own_form()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var tokens = await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);
        var page = new Uri(system.Running.Authority.Url, "account/delete");
        using var form = await alice.FillInUntilAsync(page, text => text.Contains("Delete my data", StringComparison.Ordinal), ConsentAnswer.Without("sure"));
        using var unsure = await alice.SendAsync(form);
        (await unsure.Content.ReadAsStringAsync()).Should().Contain("Tick the box");
        using var bare = await alice.SendAsync(new HttpRequestMessage(HttpMethod.Post, page) { Content = new FormUrlEncodedContent([new("sure", "yes")]) });
        bare.StatusCode.Should().Be(HttpStatusCode.BadRequest);

        (await TestAgent.ExchangeAsync(system, tokens.AccessToken)).Status.Should().Be(HttpStatusCode.OK);
    }
}
