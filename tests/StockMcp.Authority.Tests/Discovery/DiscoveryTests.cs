using System.Net.Http.Json;
using System.Text.Json;
using StockMcp.Testing.Harness;

namespace StockMcp.Authority.Tests.Discovery;

public sealed class DiscoveryTests(SharedSystem shared)
{
    [Theory, Trait("Requirement", "AS-02"), Trait("Requirement", "AS-05")]
    [InlineData(".well-known/oauth-authorization-server")]
    [InlineData(".well-known/openid-configuration")]
    public async Task Both_documents_tell_an_mcp_client_all_that_it_needs(string path)
    {
        var system = await shared.GetAsync();
        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(system) };

        var document = await http.GetFromJsonAsync<JsonElement>(path);

        document.GetProperty("issuer").GetString().Should().Be(TestAgent.Issuer(system).AbsoluteUri);
        document.GetProperty("registration_endpoint").GetString().Should().Be(new Uri(TestAgent.Issuer(system), "connect/register").AbsoluteUri);
        document.GetProperty("code_challenge_methods_supported").EnumerateArray().Select(value => value.GetString()).Should().Equal("S256");
        document.GetProperty("response_types_supported").EnumerateArray().Select(value => value.GetString()).Should().Equal("code");
        document.GetProperty("scopes_supported").EnumerateArray().Select(value => value.GetString()).Should().Equal("openid", "offline_access", "portfolio:read", "orders:read", "orders:write");
        document.GetProperty("token_endpoint_auth_methods_supported").EnumerateArray().Select(value => value.GetString()).Should().Contain("none");
        document.GetProperty("authorization_response_iss_parameter_supported").GetBoolean().Should().BeTrue();
    }

    [Fact, Trait("Requirement", "KM-01")]
    public async Task The_keys_are_public_and_for_ES256_alone()
    {
        using var http = new HttpClient { BaseAddress = TestAgent.Issuer(await shared.GetAsync()) };

        var keys = (await http.GetFromJsonAsync<JsonElement>("connect/jwks")).GetProperty("keys").EnumerateArray().ToList();

        keys.Should().NotBeEmpty().And.OnlyContain(key => key.GetProperty("kty").GetString() == "EC" && key.GetProperty("crv").GetString() == "P-256" && key.GetProperty("use").GetString() == "sig");
        keys.SelectMany(key => key.EnumerateObject()).Select(member => member.Name).Should().NotContain("d");
    }
}
