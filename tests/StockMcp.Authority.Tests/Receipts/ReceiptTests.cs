using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Database;
using StockMcp.Authority.Tests.Backchannel;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Receipts;

public sealed class ReceiptTests
{
    [Fact, Trait("Requirement", "AU-01"), Trait("Requirement", "AU-02")]
    public async Task A_receipt_says_what_is_stored_and_names_its_line_in_the_chain()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var (id, receipt) = await PlacedAsync(client);

        var claims = await VerifyAsync(system, receipt);

        claims["iss"]!.GetValue<string>().Should().Be(TestAgent.Issuer(system).AbsoluteUri);
        (claims["sub"]!.GetValue<string>(), claims["client_id"]!.GetValue<string>(), claims["jti"]!.GetValue<string>()).Should().Be((client.Subject, client.Agent, id));
        (claims["allowed_by"]!["type"]!.GetValue<string>(), claims["allowed_by"]!["id"]!.GetValue<string>()).Should().Be(("approval", id));
        JsonNode.DeepEquals(claims["authorization_details"], new JsonArray(BackchannelClient.Order())).Should().BeTrue();
        JsonNode.DeepEquals(claims["order"], JsonNode.Parse($$"""{"id":"o-7","client_order_id":"stockmcp-{{Guid.Parse(id):N}}","status":"filled","submitted_at":"2026-11-26T10:00:00+00:00","filled_at":"2026-11-26T10:00:01+00:00","filled_quantity":"10","filled_price":"71.2"}""")).Should().BeTrue(claims.ToJsonString());
        await using var scope = system.Running.Authority.Services.CreateAsyncScope();
        var line = await scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<AuditEntry>().AsNoTracking().SingleAsync(entry => entry.Event == "order.placed");
        (claims["audit"]!["seq"]!.GetValue<long>(), claims["audit"]!["hash"]!.GetValue<string>()).Should().Be((line.Seq, Base64UrlEncoder.Encode(line.Mac)));
    }

    [Fact, Trait("Requirement", "KM-01")]
    public async Task A_receipt_is_verified_long_after_its_key_was_rotated_away()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(options => options with { AuthoritySettings = new Dictionary<string, string?> { ["SigningKeys:AnnounceFor"] = "00:10:00", ["SigningKeys:KeepFor"] = "00:15:00" } }, clock);
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var (_, receipt) = await PlacedAsync(client);
        var rotation = system.Running.Authority.Services.GetRequiredService<KeyRotation>();
        await rotation.RotateAsync(default);
        clock.Advance(TimeSpan.FromHours(1));
        await rotation.RunAsync(default);

        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(system) };
        var kid = new JsonWebToken(receipt).Kid;
        (await http.GetStringAsync("connect/jwks")).Should().NotContain(kid, "it signs no token any more");
        await VerifyAsync(system, receipt);
        await system.StopAsync();
        await system.StartAsync();
        await VerifyAsync(system, receipt);
    }

    [Fact, Trait("Requirement", "KM-02")]
    public async Task A_revoked_keys_receipts_are_worth_nothing_and_a_fresh_one_is_signed_by_the_next()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var (id, receipt) = await PlacedAsync(client);
        var kid = new JsonWebToken(receipt).Kid;

        (await system.Running.Authority.Services.GetRequiredService<KeyRotation>().RevokeAsync(kid, default)).Should().BeTrue();

        await FluentActions.Awaiting(() => VerifyAsync(system, receipt)).Should().ThrowAsync<SecurityTokenException>();
        var fresh = await ReadAsync(client, id);
        new JsonWebToken(fresh).Kid.Should().NotBe(kid);
        await VerifyAsync(system, fresh);
    }

    [Fact]
    public async Task What_was_not_placed_has_none_and_nobody_reads_anothers()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var client = await BackchannelClient.ConnectAsync(system, alice);
        var (id, _) = await PlacedAsync(client);
        var asked = await client.AskAsync(BackchannelClient.Order("1", "71.50", "71.50"));
        using var api = await client.ApiAsync();

        (await api.GetAsync($"{asked["approval_id"]}/receipt?sub={client.Subject}&client_id={client.Agent}")).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await api.GetAsync($"{id}/receipt?sub={client.Subject}&client_id=another")).StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await api.GetAsync($"{id}/receipt?sub={Guid.NewGuid()}&client_id={client.Agent}")).StatusCode.Should().Be(HttpStatusCode.NotFound);
        var page = new Uri(system.Running.Authority.Url, $"approvals/{id}/receipt");
        (await alice.StatusAsync(page)).Should().Be(HttpStatusCode.OK);
        await BackchannelClient.ConnectAsync(system, bob);
        (await bob.StatusAsync(page)).Should().Be(HttpStatusCode.NotFound);
    }

    private static async Task<(string Id, string Receipt)> PlacedAsync(BackchannelClient client)
    {
        var asked = await client.AskAsync();
        await client.DecideAsync(asked);
        await client.PollAsync(asked["auth_req_id"]!);
        using var api = await client.ApiAsync();
        using var reported = await api.PostAsync($"{asked["approval_id"]}/outcome", JsonContent.Create(new { status = "placed", order_id = "o-7", order_status = "filled", filled_quantity = "10", filled_price = "71.2", submitted_at = "2026-11-26T10:00:00Z", filled_at = "2026-11-26T10:00:01Z" }));
        reported.StatusCode.Should().Be(HttpStatusCode.NoContent);
        return (asked["approval_id"]!, await ReadAsync(client, asked["approval_id"]!));
    }

    private static async Task<string> ReadAsync(BackchannelClient client, string id)
    {
        using var api = await client.ApiAsync();
        return JsonDocument.Parse(await api.GetStringAsync($"{id}/receipt?sub={client.Subject}&client_id={client.Agent}")).RootElement.GetProperty("receipt").GetString()!;
    }

    private static async Task<JsonObject> VerifyAsync(StockMcpSystem system, string receipt)
    {
        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(system) };
        var metadata = JsonDocument.Parse(await http.GetStringAsync(".well-known/oauth-authorization-server")).RootElement;
        var keys = new JsonWebKeySet(await http.GetStringAsync(metadata.GetProperty("receipts_jwks_uri").GetString()));
        keys.Keys.Where(key => key.HasPrivateKey).Should().BeEmpty();
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(receipt, new TokenValidationParameters { ValidIssuer = metadata.GetProperty("issuer").GetString(), ValidateAudience = false, ValidateLifetime = false, RequireExpirationTime = false, ValidTypes = ["stock-receipt+jwt"], ValidAlgorithms = ["ES256"], IssuerSigningKeys = keys.Keys });
        return result.IsValid ? JsonNode.Parse(Base64UrlEncoder.Decode(new JsonWebToken(receipt).EncodedPayload))!.AsObject() : throw result.Exception;
    }
}
