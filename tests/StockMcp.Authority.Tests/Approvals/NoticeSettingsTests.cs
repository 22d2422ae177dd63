using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StockMcp.Authority.ApprovalPages;
using StockMcp.Authority.SignIn;

namespace StockMcp.Authority.Tests.Approvals;

public sealed class NoticeSettingsTests
{
    [Theory]
    [InlineData("Production", "WebPush:AllowLoopback", "true", "*AllowLoopback is for development*")]
    [InlineData("Development", "WebPush:Contact", "me", "*Contact must be*")]
    [InlineData("Development", "Email:Host", "mail.example", "*From is needed*")]
    [InlineData("Development", "Email:From", "nobody at all", "*From must be*")]
    [InlineData("Development", "Email:Port", "0", "*Port must lie between*")]
    public async Task A_mistake_in_the_settings_of_notices_stops_the_start(string environment, string name, string value, string says)
    {
        var folder = Directory.CreateTempSubdirectory("stockmcp-").FullName;
        await using var app = Build(environment, folder, name, value);

        (await app.Awaiting(it => it.StartAsync()).Should().ThrowAsync<OptionsValidationException>()).WithMessage(says);
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("alice@example.com", null, "alice@example.com")]
    [InlineData("alice@example.com", "true", "alice@example.com")]
    [InlineData("alice@example.com", "false", null)]
    [InlineData("alice@example.com\r\nBcc: everybody@example.com", null, null)]
    [InlineData("Alice <alice@example.com>", null, null)]
    [InlineData("alice", null, null)]
    [InlineData(null, null, null)]
    public void A_mail_address_counts_if_the_connection_says_one_that_is_one(string? address, string? verified, string? expected)
    {
        var identity = new ClaimsIdentity();
        if (address is not null) identity.AddClaim(new("email", address));
        if (verified is not null) identity.AddClaim(new("email_verified", verified));

        MailAddress.Of(new ClaimsPrincipal(identity)).Should().Be(expected);
    }

    [Theory, Trait("Requirement", "AP-01")]
    [InlineData("Wayne Enterprises", "Wayne Enterprises")]
    [InlineData("\u202Eevil\u202C\n\u200B", "evil")]
    [InlineData("a\u0301\u0302\u0303\u0304b", "a\u0301\u0302b")]
    [InlineData("12345678901234567890123", "12345678901234567890…")]
    [InlineData(null, "")]
    public void Text_of_strangers_is_cleaned_and_bounded(string? text, string expected) => ShownText.Of(text, 20).Should().Be(expected);

    [Fact, Trait("Requirement", "AP-01")]
    public void What_the_apps_server_says_is_read_without_trust()
    {
        foreach (var odd in new[] { null, "", "x", "[]", "{}", "{\"effects\":{}}", "{\"effects\":[1,null,{}]}", "{\"name\":{}}" }) ShownContext.Read(odd).Effects.Should().BeEmpty();
        ShownContext.Read("""{"name":5,"effects":[{"label":"x","before":1,"after":{"a":1}}]}""").Effects.Should().Equal(new ShownEffect("x", "1", ""));
    }

    private static WebApplication Build(string environment, string folder, string name, string value) => Program.Build([$"--environment={environment}"], builder =>
    {
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["PublicUrl"] = "http://localhost:7999",
            ["Urls"] = "http://127.0.0.1:0",
            ["DataDirectory"] = folder,
            ["Connections:brokerage:ClientSecret"] = "secret",
            ["Clients:0:ClientSecret"] = "secret",
            [name] = value,
        });
    });
}
