using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using StockMcp.Hosting;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.ResourceServer.UpstreamTokens;
using StockMcp.Server.Orders;
using StockMcp.Server.StartPage;
using StockMcp.Tools.TradingApi;

namespace StockMcp.Server.Tests;

public sealed class SettingsTests
{
    [Theory]
    [InlineData("PublicUrl", "http://stock.example.com", "PublicUrl")]
    [InlineData("AllowedOrigins", "https://a.example/", "AllowedOrigins")]
    [InlineData("ConnectionStrings:Redis", "localhost,nonsense=1", "ConnectionStrings:Redis")]
    [InlineData("Authority:Issuer", "", "Authority:Issuer is not set")]
    [InlineData("Authority:Issuer", "http://auth.example.com/", "Authority:Issuer")]
    [InlineData("Authority:ClientSecretFile", "/nowhere/secret", "/nowhere/secret")]
    [InlineData("Authority:Isuer", "https://a.example/", "Isuer")]
    [InlineData("TradingApi:BaseUrl", "http://broker.example.com/", "TradingApi:BaseUrl")]
    [InlineData("TradingApi:MarketData:BaseUrl", "http://prices.example.com/", "TradingApi:MarketData:BaseUrl")]
    [InlineData("TradingApi:MarketData:Feed", "iex&sip", "TradingApi:MarketData:Feed")]
    [InlineData("TradingApi:Timeout", "10", "TradingApi:Timeout must lie between")]
    [InlineData("Orders:LeaseEvery", "5", "Orders:LeaseEvery must lie between")]
    [InlineData("Orders:Retries", "5", "Retries")]
    [InlineData("Authority:TokenTypes", "at+jwt none", "Authority:TokenTypes must be")]
    [InlineData("UpstreamTokens:ConnectPage", "http://account.example.com/", "UpstreamTokens:ConnectPage")]
    [InlineData("UpstreamTokens:Scopes:0:Scope", "portfolio:read", "UpstreamTokens:Scopes")]
    [InlineData("UpstreamTokens:Dialect", "oauth", "UpstreamTokens:Dialect must be")]
    [InlineData("UpstreamTokens:CacheKey", "c2hvcnQ=", "UpstreamTokens:CacheKey")]
    [InlineData("UpstreamTokens:ExpiryMargin", "30", "UpstreamTokens:ExpiryMargin must lie between")]
    public async Task A_wrong_setting_stops_the_start_with_one_line_that_names_it(string key, string value, string named)
    {
        var start = async () =>
        {
            await using var app = Program.Build(["--environment", "Development"], builder => builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Urls"] = "http://127.0.0.1:0", ["DataDirectory"] = Path.GetTempPath(), [key] = value }));
            await app.StartAsync();
            await app.StopAsync();
        };
        var exception = (await start.Should().ThrowAsync<Exception>()).Which;
        var line = ServiceHost.Explain(exception);
        line.Should().NotBeNull(exception.ToString());
        line.Should().Contain(named).And.NotContain("\n");
    }

    [Theory]
    [InlineData(null, "cannot be read")]
    [InlineData("{", "is not JSON")]
    [InlineData("[]", "is not JSON")]
    [InlineData("""{ "TradingApy": {} }""", "has TradingApy: there is no such setting")]
    public void A_further_settings_file_that_cannot_be_used_stops_the_start_with_one_line(string? content, string says)
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        if (content is not null) File.WriteAllText(path, content);

        var start = () => SettingsFile.CreateBuilder("StockMcp.Server", "appsettings.json", [$"--SettingsFile={path}"]);

        ServiceHost.Explain(start.Should().Throw<StartupException>().Which).Should().Contain(path).And.Contain(says).And.NotContain("\n");
        File.Delete(path);
    }

    [Fact]
    public void A_further_settings_file_comes_after_the_programs_own_and_before_the_command_line()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        File.WriteAllText(path, """{ "PublicUrl": "https://a.example", "AdditionalHosts": "a", "Limits": { "BurstPerPerson": 2000 } } // so far""");

        var settings = SettingsFile.CreateBuilder("StockMcp.Server", "appsettings.json", [$"--SettingsFile={path}", "--AdditionalHosts=b"]).Configuration;

        (settings["PublicUrl"], settings["AdditionalHosts"], settings["Limits:BurstPerPerson"], settings["Limits:CallsPerMinuteAndPerson"], settings["StartPage:Path"]).Should().Be(("https://a.example", "b", "2000", "600", "/"));
        File.Delete(path);
    }

    [Fact]
    public async Task The_settings_file_names_every_setting_with_its_default()
    {
        var file = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "appsettings.json")), documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip })!.AsObject();
        Compare(new TradingApiOptions(), file[TradingApiOptions.Section]!, nameof(TradingApiOptions.BaseUrl), nameof(TradingApiOptions.MarketData));
        Compare(new MarketDataOptions(), file[TradingApiOptions.Section]![nameof(TradingApiOptions.MarketData)]!);
        Compare(new StartPageOptions(), file[StartPageOptions.Section]!);
        Compare(new OrderOptions(), file[OrderOptions.Section]!);
        Compare(new UpstreamTokenOptions(), file[UpstreamTokenOptions.Section]!, nameof(UpstreamTokenOptions.Scopes));
        Compare(new AuthorityOptions(), file[AuthorityOptions.Section]!, nameof(AuthorityOptions.Issuer));

        static void Compare<T>(T defaults, JsonNode section, params string[] except)
        {
            section.AsObject().Select(setting => setting.Key).Should().BeEquivalentTo(typeof(T).GetProperties().Select(property => property.Name));
            foreach (var property in typeof(T).GetProperties().Where(property => !except.Contains(property.Name)))
                (section[property.Name]?.ToString() ?? "").Should().BeEquivalentTo(Convert.ToString(property.GetValue(defaults), System.Globalization.CultureInfo.InvariantCulture) ?? "", property.Name);
        }
    }
}
