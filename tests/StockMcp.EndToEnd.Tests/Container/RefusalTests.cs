using System.Text.RegularExpressions;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;

namespace StockMcp.EndToEnd.Tests.Container;

/// <summary>What the images refuse to start with: one line each, which says what to set.</summary>
[Requires(Tool.Node)]
[Trait("Requirement", "PX-02")]
public sealed class RefusalTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("stockmcp-").FullName;
    private readonly Images images;

    public RefusalTests(Images images)
    {
        this.images = images;
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        File.WriteAllText(Path.Combine(folder, "secret"), new string('5', 64));
        File.WriteAllText(Path.Combine(folder, "short"), "secret");
        File.WriteAllText(Path.Combine(folder, "key"), Convert.ToBase64String(new byte[32]));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("Server")]
    [InlineData("Authority")]
    [InlineData("Brokerage")]
    public async Task With_good_settings_each_starts(string part)
    {
        await using var process = await StartAsync(part);
        await process.ReadUntilAsync(new Regex("Application started", RegexOptions.None, ForeignProcess.Patience));
        process.Output.Should().NotContain("warn:", "nothing that these settings say needs a warning");

        process.Terminate();
        (await process.WaitForExitAsync()).Should().Be(0, process.Output);
    }

    [Theory]
    [InlineData("PublicUrl", "http://stock.example.com", "PublicUrl is 'http://stock.example.com': plain http is allowed on loopback only")]
    [InlineData("Authority__Issuer", "http://stock.example.com/", "Authority:Issuer must be an absolute https URL")]
    [InlineData("Authority__Issuer", "http://localhost:7002/", "Authority:Issuer is on loopback, where no agent of the public URL finds it")]
    [InlineData("Authority__ClientSecretFile", "", "Authority:ClientSecretFile is not set")]
    [InlineData("Authority__ClientSecretFile", "{folder}/nothing", "Authority:ClientSecretFile names {folder}/nothing, which cannot be read")]
    [InlineData("Authority__ClientSecretFile", "{folder}/short", "Authority:ClientSecret has fewer than 32 characters, which Production refuses")]
    [InlineData("Authority__ClientKeyFile", "{folder}/short", "Authority:ClientKeyFile names {folder}/short, which holds no private key")]
    [InlineData("UpstreamTokens__CacheKeyFile", "{folder}/nothing", "UpstreamTokens:CacheKeyFile names {folder}/nothing, which cannot be read")]
    [InlineData("UpstreamTokens__CacheKeyFile", "{folder}/short", "UpstreamTokens:CacheKey does not hold 32 bytes in base64")]
    [InlineData("ConnectionStrings__RedisFile", "{folder}/nothing", "ConnectionStrings:RedisFile names {folder}/nothing, which cannot be read")]
    [InlineData("TradingApi__BaseUrl", "http://broker.example.com/", "TradingApi:BaseUrl must be an absolute https URL")]
    [InlineData("StartPage__Path", "start", "StartPage:Path must be a slash")]
    public Task The_server_refuses(string setting, string value, string says) => RefusesAsync("Server", setting, value, says);

    [Theory]
    [InlineData("PublicUrl", "http://stock.example.com", "PublicUrl is 'http://stock.example.com': plain http is allowed on loopback only")]
    [InlineData("MasterSecretFile", "{folder}/nothing", "MasterSecretFile names {folder}/nothing, which is not there. Restore it")]
    [InlineData("MasterSecretFile", "{folder}/short", "{folder}/short does not hold 32 bytes in base64")]
    [InlineData("ConnectionStrings__authorityFile", "{folder}/nothing", "ConnectionStrings:authorityFile names {folder}/nothing, which cannot be read")]
    [InlineData("Clients__0__ClientSecretFile", "", "Client stockmcp-server has neither a secret nor keys")]
    [InlineData("Clients__0__ClientSecretFile", "{folder}/short", "The secret of client stockmcp-server has fewer than 32 characters")]
    [InlineData("Connections__brokerage__ClientSecretFile", "", "Connections:brokerage:ClientSecretFile is not set")]
    [InlineData("Connections__brokerage__ClientSecretFile", "{folder}/nothing", "ClientSecretFile names {folder}/nothing, which cannot be read")]
    [InlineData("Connections__brokerage__Issuer", "http://broker.example.com/", "Connections:brokerage:Issuer is 'http://broker.example.com/'")]
    [InlineData("Resources__0__Uri", "http://stock.example.com/mcp", "Resources:0:Uri is 'http://stock.example.com/mcp': plain http is allowed on loopback only")]
    [InlineData("Resources__0__Uri", "http://localhost:7001/mcp", "Resources:0:Uri is 'http://localhost:7001/mcp', where no agent of https://stock.example.com finds it")]
    [InlineData("ClientMetadataDocuments__AllowLoopback", "true", "ClientMetadataDocuments:AllowLoopback is for development")]
    [InlineData("WebPush__AllowLoopback", "true", "WebPush:AllowLoopback is for development")]
    public Task The_authority_refuses(string setting, string value, string says) => RefusesAsync("Authority", setting, value, says);

    [Theory]
    [InlineData("PublicUrl", "http://broker.example.com", "PublicUrl is 'http://broker.example.com': plain http is allowed on loopback only")]
    [InlineData("DemoUsers", "true", "DemoUsers is true in Production")]
    public Task The_brokerage_refuses(string setting, string value, string says) => RefusesAsync("Brokerage", setting, value, says);

    [Fact]
    public async Task A_database_that_was_the_demos_does_not_start_in_production()
    {
        await using (var demo = await StartAsync("Brokerage", ("ASPNETCORE_ENVIRONMENT", "Development")))
        {
            await demo.ReadUntilAsync(new Regex("Application started", RegexOptions.None, ForeignProcess.Patience));
            demo.Terminate();
            (await demo.WaitForExitAsync()).Should().Be(0, demo.Output);
        }

        await using var process = await StartAsync("Brokerage");
        await ShouldRefuseAsync(process, "The database has the demo user alice, whose password everybody knows");
    }

    private async Task RefusesAsync(string part, string setting, string value, string says)
    {
        await using var process = await StartAsync(part, (setting, value.Replace("{folder}", folder, StringComparison.Ordinal)));
        await ShouldRefuseAsync(process, says.Replace("{folder}", folder, StringComparison.Ordinal));
    }

    private static async Task ShouldRefuseAsync(ForeignProcess process, string says)
    {
        (await process.WaitForExitAsync()).Should().Be(1, process.Output);
        process.Output.Trim().Split('\n').Should().ContainSingle(process.Output).Which.Should().Contain(says);
    }

    private Task<ForeignProcess> StartAsync(string part, params (string Name, string Value)[] changes)
    {
        string In(string name) => Path.Combine(folder, name);
        var settings = part switch
        {
            "Server" => new Dictionary<string, string>
            {
                ["PublicUrl"] = "https://stock.example.com",
                ["Authority__Issuer"] = "https://stock.example.com/",
                ["Authority__ClientSecretFile"] = In("secret"),
                ["UpstreamTokens__CacheKeyFile"] = In("key"),
                ["TradingApi__BaseUrl"] = "https://broker.example.com/",
            },
            "Authority" => new()
            {
                ["PublicUrl"] = "https://stock.example.com",
                ["MasterSecretFile"] = In("key"),
                ["Connections__brokerage__Issuer"] = "https://broker.example.com/",
                ["Connections__brokerage__ClientSecretFile"] = In("secret"),
                ["Resources__0__Uri"] = "https://stock.example.com/mcp",
                ["Clients__0__ClientSecretFile"] = In("secret"),
            },
            _ => new() { ["PublicUrl"] = "https://broker.example.com" },
        };
        settings["ASPNETCORE_URLS"] = $"http://127.0.0.1:{FreePorts.Take()}";
        foreach (var (name, value) in changes) settings[name] = value;
        return ContainerProcess.StartAsync(images, part, In("data"), settings);
    }
}
