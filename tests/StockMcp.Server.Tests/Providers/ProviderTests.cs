using System.Net;
using Microsoft.AspNetCore.Http;
using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.Providers;

/// <summary>
/// The Server with Keycloak, Auth0 or Entra in the Authority's place, by the settings files of docs/providers alone. Tokens and answers have the shapes of each vendor's public documentation;
/// the sources stand on the pages beside the settings files.
/// </summary>
public sealed class ProviderTests
{
    private const string Secret = "the-servers-own-secret";

    [Fact, Trait("Requirement", "RS-02")]
    public async Task Keycloak_exchanges_the_agents_token_for_one_that_is_addressed_to_the_broker()
    {
        await using var keycloak = await ForeignProvider.StartAsync("/realms/stock", "/realms/stock/protocol/openid-connect/token");
        await using var system = await StartAsync(keycloak, "keycloak.server.json", "https://keycloak.example.com");
        keycloak.Answer = _ => Results.Json(new Dictionary<string, object>
        {
            ["access_token"] = system.Brokerage!.Token("alice", "portfolio:read"),
            ["expires_in"] = 300,
            ["refresh_expires_in"] = 0,
            ["token_type"] = "Bearer",
            ["not-before-policy"] = 0,
            ["session_state"] = "8c3e5a0b-c7f5-4a8e-9d6f-0c5f0b8a9e11",
            ["scope"] = "account:read profile",
            ["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
        });
        Dictionary<string, object> claims = new()
        {
            ["jti"] = "onrtac:7d0c1a6b-1f4e-4b0f-8f0e-6a3c0a4f9f21",
            ["aud"] = new[] { ServerCopy.Resource, "account" },
            ["sub"] = "a6b5c4d3-0000-4000-8000-00000000a11c",
            ["typ"] = "Bearer",
            ["azp"] = "claude-code",
            ["sid"] = "8c3e5a0b-c7f5-4a8e-9d6f-0c5f0b8a9e11",
            ["acr"] = "1",
            ["realm_access"] = new Dictionary<string, object> { ["roles"] = new[] { "offline_access" } },
            ["scope"] = "portfolio:read profile",
            ["name"] = "Alice Liddell",
            ["preferred_username"] = "alice",
        };
        var token = keycloak.Token("JWT", claims);

        (await system.Server.CallAsync(token, "get_account")).IsError.Should().BeFalse();

        var asked = keycloak.Asked.Should().ContainSingle().Subject;
        keycloak.Authorization.Should().Be($"{Uri.EscapeDataString(ServerCopy.Resource)}:{Secret}", "RFC 6749, section 2.3.1: both are escaped");
        asked.Should().BeEquivalentTo(new Dictionary<string, string>
        {
            ["grant_type"] = "urn:ietf:params:oauth:grant-type:token-exchange",
            ["subject_token"] = token,
            ["subject_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
            ["requested_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
            ["audience"] = "broker-api",
            ["scope"] = "account:read",
        });
        system.UpstreamCalls.Should().OnlyContain(call => !call.Authorization.Contains(token));
        (await StatusAsync(system, keycloak.Token("JWT", With(claims, "aud", "account")))).Should().Be(HttpStatusCode.Unauthorized, "it is not for this server");
        (await StatusAsync(system, keycloak.Token("JWT", With(claims, "aud", new[] { ServerCopy.Resource, "another-api" })))).Should().Be(HttpStatusCode.Unauthorized, "another API could send it here");
        (await StatusAsync(system, keycloak.Token("JWT", With(With(claims, "nonce", "n-0S6"), "at_hash", "x")))).Should().Be(HttpStatusCode.Unauthorized, "that is an ID token");
    }

    [Theory]
    [InlineData("invalid_request", 400, "authorization_refused")]
    [InlineData("access_denied", 403, "authorization_refused")]
    [InlineData("invalid_token", 400, "authorization_ended")]
    public async Task Keycloaks_refusals_say_who_can_mend_them(string error, int status, string code)
    {
        await using var keycloak = await ForeignProvider.StartAsync("/realms/stock", "/realms/stock/protocol/openid-connect/token");
        await using var system = await StartAsync(keycloak, "keycloak.server.json", "https://keycloak.example.com");
        keycloak.Answer = _ => Results.Json(new { error, error_description = "Requested audience not available: broker-api" }, statusCode: status);
        var token = keycloak.Token("at+jwt", new() { ["jti"] = "1", ["aud"] = ServerCopy.Resource, ["sub"] = "alice", ["azp"] = "agent", ["scope"] = "portfolio:read" });

        var refused = await system.Server.CallAsync(token, "get_account");

        (refused.IsError, refused.Code).Should().Be((true, code));
        refused.Text.Should().NotContain("Requested audience");
    }

    [Fact]
    public async Task Auth0_gives_a_token_out_of_its_vault_for_a_connection()
    {
        await using var auth0 = await ForeignProvider.StartAsync("/", "/oauth/token");
        await using var system = await StartAsync(auth0, "auth0.server.json", "https://YOUR_TENANT.us.auth0.com");
        auth0.Answer = _ => Results.Json(new
        {
            access_token = system.Brokerage!.Token("alice", "portfolio:read"),
            scope = "account:read orders:read",
            expires_in = 1377,
            issued_token_type = "http://auth0.com/oauth/token-type/federated-connection-access-token",
            token_type = "Bearer",
        });
        Dictionary<string, object> claims = new()
        {
            ["sub"] = "auth0|6650f0f3a1b2c3d4e5f60718",
            ["aud"] = new[] { ServerCopy.Resource, auth0.Issuer + "userinfo" },
            ["scope"] = "openid portfolio:read orders:read offline_access",
            ["client_id"] = "tpc_9pXyZ",
            ["jti"] = "9pXyZ0aBc",
        };
        var token = auth0.Token("at+jwt", claims);

        (await system.Server.CallAsync(token, "get_account")).IsError.Should().BeFalse();

        auth0.Asked.Should().ContainSingle().Which.Should().BeEquivalentTo(new Dictionary<string, string>
        {
            ["grant_type"] = "urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token",
            ["subject_token"] = token,
            ["subject_token_type"] = "urn:ietf:params:oauth:token-type:access_token",
            ["requested_token_type"] = "http://auth0.com/oauth/token-type/federated-connection-access-token",
            ["connection"] = "my-broker",
            ["client_id"] = "YOUR_CUSTOM_API_CLIENT_ID",
            ["client_secret"] = Secret,
        });
        (await StatusAsync(system, auth0.Token("at+jwt", With(claims, "aud", auth0.Issuer + "userinfo")))).Should().Be(HttpStatusCode.Unauthorized, "an agent that named no API");
        (await StatusAsync(system, auth0.Token("JWT", claims))).Should().Be(HttpStatusCode.Unauthorized, "Auth0's own token profile has neither jti nor at+jwt: the page says to choose RFC 9068's");
    }

    [Fact]
    public async Task Who_has_nothing_in_auth0s_vault_is_sent_to_the_page_that_connects_it()
    {
        await using var auth0 = await ForeignProvider.StartAsync("/", "/oauth/token");
        await using var system = await StartAsync(auth0, "auth0.server.json", "https://YOUR_TENANT.us.auth0.com");
        auth0.Answer = _ => Results.Json(new { error = "federated_connection_refresh_token_not_found", error_description = "No refresh token found for the connection." }, statusCode: 401);

        var refused = await system.Server.CallAsync(auth0.Token("at+jwt", new() { ["sub"] = "auth0|1", ["aud"] = ServerCopy.Resource, ["scope"] = "portfolio:read", ["azp"] = "tpc_9pXyZ", ["jti"] = "1" }), "get_account");

        refused.Code.Should().Be("connection_required");
        refused.Content["error"]!["connect_uri"]!.GetValue<string>().Should().Be("https://stock.example.com/connect");
    }

    [Fact]
    public async Task Entra_gives_a_token_on_behalf_of_the_person()
    {
        await using var entra = await ForeignProvider.StartAsync("/YOUR_TENANT_ID/v2.0", "/YOUR_TENANT_ID/oauth2/v2.0/token");
        await using var system = await StartAsync(entra, "entra.server.json", "https://login.microsoftonline.com");
        entra.Answer = _ => Results.Json(new { token_type = "Bearer", scope = "api://broker-api/Account.Read", expires_in = 5269, ext_expires_in = 5269, access_token = system.Brokerage!.Token("alice", "portfolio:read") });
        Dictionary<string, object> claims = new()
        {
            ["aud"] = "11111111-2222-3333-4444-555555555555",
            ["aio"] = "AWQAm/8XAAAA",
            ["azp"] = "aebc6443-996d-45c2-90f0-388ff96faa56",
            ["azpacr"] = "0",
            ["name"] = "Alice Liddell",
            ["oid"] = "00000000-0000-0000-66f3-3332eca7ea81",
            ["preferred_username"] = "alice@example.com",
            ["scp"] = "portfolio:read orders:read",
            ["sub"] = "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ",
            ["tid"] = "9122040d-6c67-4c5b-b112-36a304b66dad",
            ["uti"] = "fqiBqXLPj0eQa82S-IYFAA",
            ["ver"] = "2.0",
        };
        var token = entra.Token("JWT", claims);

        (await system.Server.CallAsync(token, "get_account")).IsError.Should().BeFalse();

        entra.Asked.Should().ContainSingle().Which.Should().BeEquivalentTo(new Dictionary<string, string>
        {
            ["grant_type"] = "urn:ietf:params:oauth:grant-type:jwt-bearer",
            ["assertion"] = token,
            ["requested_token_use"] = "on_behalf_of",
            ["scope"] = "api://broker-api/Account.Read",
            ["client_id"] = "11111111-2222-3333-4444-555555555555",
            ["client_secret"] = Secret,
        });
        (await StatusAsync(system, entra.Token("JWT", With(claims, "aud", "api://11111111-2222-3333-4444-555555555555")))).Should().Be(HttpStatusCode.Unauthorized, "that is a version 1 token");
        (await StatusAsync(system, entra.Token("JWT", With(claims, "scp", "")))).Should().Be(HttpStatusCode.Unauthorized, "an ID token of the same application has the same audience and no scopes");
    }

    [Theory]
    [InlineData("invalid_grant", "consent_required", "connection_required", "consent")]
    [InlineData("interaction_required", "basic_action", "connection_required", "connected")]
    [InlineData("invalid_grant", null, "authorization_ended", "new one")]
    public async Task Entras_refusals_say_who_can_mend_them(string error, string? suberror, string code, string says)
    {
        await using var entra = await ForeignProvider.StartAsync("/YOUR_TENANT_ID/v2.0", "/YOUR_TENANT_ID/oauth2/v2.0/token");
        await using var system = await StartAsync(entra, "entra.server.json", "https://login.microsoftonline.com");
        entra.Answer = _ => Results.Json(new { error, error_description = "AADSTS65001: The user or administrator has not consented to use the application", error_codes = new[] { 65001 }, suberror, claims = "{\"access_token\":{}}" }, statusCode: 400);
        var token = entra.Token("JWT", new() { ["aud"] = "11111111-2222-3333-4444-555555555555", ["azp"] = "a", ["scp"] = "portfolio:read", ["sub"] = "s", ["uti"] = "u" });

        var refused = await system.Server.CallAsync(token, "get_account");

        refused.Code.Should().Be(code);
        refused.Text.Should().Contain(says).And.NotContain("AADSTS");
    }

    [Fact]
    public async Task Without_the_authoritys_own_apis_orders_and_accounts_say_so_and_the_rest_works()
    {
        await using var keycloak = await ForeignProvider.StartAsync("/realms/stock", "/realms/stock/protocol/openid-connect/token");
        await using var system = await StartAsync(keycloak, "keycloak.server.json", "https://keycloak.example.com");
        keycloak.Answer = _ => Results.Json(new { access_token = system.Brokerage!.Token("alice", "portfolio:read orders:read orders:write"), expires_in = 300, token_type = "Bearer" });
        var token = keycloak.Token("at+jwt", new() { ["jti"] = "1", ["aud"] = ServerCopy.Resource, ["sub"] = "alice", ["azp"] = "agent", ["scope"] = "portfolio:read orders:read orders:write" });

        var order = await system.Server.CallAsync(token, "place_order", new { symbol = "WAYNE", side = "buy", quantity = "1", order_type = "limit", limit_price = "90.00", wait_seconds = 0 });

        (order.IsError, order.Code).Should().Be((true, "upstream_refused"));
        order.Text.Should().Contain("no approvals").And.Contain("no money has moved");
        (await system.Server.CallAsync(token, "whoami")).IsError.Should().BeFalse();
        (await system.Server.CallAsync(token, "get_quote", new { symbol = "WAYNE" })).IsError.Should().BeFalse();
    }

    private static Task<TestSystem> StartAsync(ForeignProvider provider, string file, string realOrigin)
        => TestSystem.StartAsync(settings: [.. provider.Settings(file, realOrigin), ("Authority:ClientSecret", Secret)]);

    private static Dictionary<string, object> With(Dictionary<string, object> claims, string name, object value) => new(claims) { [name] = value };

    private static async Task<HttpStatusCode> StatusAsync(TestSystem system, string token)
    {
        using var response = await system.Server.CallRawAsync(token, "get_account");
        return response.StatusCode;
    }
}
