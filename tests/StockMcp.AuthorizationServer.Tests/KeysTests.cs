using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Hosting;

namespace StockMcp.AuthorizationServer.Tests;

public sealed class KeysTests
{
    [Fact]
    public async Task A_restart_keeps_the_signing_key()
    {
        string data, before;
        await using (var server = await TestServer.StartAsync())
        {
            data = server.Data;
            before = await server.Http.GetStringAsync("/connect/jwks");
        }

        await using var again = await TestServer.StartAsync(data);

        (await again.Http.GetStringAsync("/connect/jwks")).Should().Be(before);
    }

    [Fact, Trait("Requirement", "KM-03")]
    public async Task The_database_holds_no_private_key_in_clear()
    {
        await using var server = await TestServer.StartAsync();
        await using var scope = server.Services.CreateAsyncScope();

        var key = await scope.ServiceProvider.GetRequiredService<TestDatabase>().SigningKeys.SingleAsync();

        using var ecdsa = ECDsa.Create();
        ((Action)(() => ecdsa.ImportPkcs8PrivateKey(key.PrivateKey, out _))).Should().Throw<CryptographicException>();
    }

    [Fact]
    public async Task Another_master_secret_stops_the_start_with_what_to_do()
    {
        string data;
        await using (var server = await TestServer.StartAsync()) data = server.Data;
        File.WriteAllText(Path.Combine(data, "master.secret"), Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));

        (await FluentActions.Awaiting(() => TestServer.StartAsync(data)).Should().ThrowAsync<StartupException>()).WithMessage("*Restore the file master.secret*");
    }

    [Fact, Trait("Requirement", "TV-01")]
    public void What_was_encrypted_for_one_place_does_not_open_in_another()
    {
        var secret = new MasterSecret(RandomNumberGenerator.GetBytes(32));
        var box = secret.Encrypt("purpose", "hello"u8, "row 1");

        Encoding.UTF8.GetString(secret.Decrypt("purpose", box, "row 1")).Should().Be("hello");
        secret.Invoking(s => s.Decrypt("purpose", box, "row 2")).Should().Throw<CryptographicException>();
        secret.Invoking(s => s.Decrypt("other", box, "row 1")).Should().Throw<CryptographicException>();
        box[^1] ^= 1;
        secret.Invoking(s => s.Decrypt("purpose", box, "row 1")).Should().Throw<CryptographicException>();
    }

    [Fact, Trait("Requirement", "PX-02")]
    public void The_secret_file_belongs_to_its_owner_alone_and_stays_the_same()
    {
        if (OperatingSystem.IsWindows()) return; // file modes are Unix
        var path = Path.Combine(Directory.CreateTempSubdirectory("stockmcp-").FullName, "a.secret");

        var first = SecretFile.ReadOrCreate(path);

        File.GetUnixFileMode(path).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        SecretFile.ReadOrCreate(path).Should().Equal(first);
    }

    [Theory, Trait("Requirement", "PX-01")]
    [InlineData(null, "*is not set*")]
    [InlineData("stock.example.com", "*scheme, host and port only*")]
    [InlineData("https://stock.example.com/app", "*scheme, host and port only*")]
    [InlineData("http://stock.example.com", "*loopback only*")]
    [InlineData("http://localhost.evil.net", "*loopback only*")]
    public void A_wrong_public_url_stops_the_start(string? url, string says)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("PublicUrl", url)]).Build();
        FluentActions.Invoking(() => PublicUrl.From(configuration, new HostingEnvironment())).Should().Throw<StartupException>().WithMessage(says);
    }

    private sealed class HostingEnvironment : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = "Production";
        public string ApplicationName { get; set; } = "StockMcp.Test";
        public string ContentRootPath { get; set; } = "/";
        public Microsoft.Extensions.FileProviders.IFileProvider ContentRootFileProvider { get; set; } = null!;
    }
}
