using System.Net;
using System.Text;
using System.Text.Json;
using AngleSharp.Html.Parser;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using StockMcp.Authority.Database;
using StockMcp.Authority.WebPush;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Approvals;

public sealed class PushTests
{
    [Fact, Trait("Requirement", "AP-01")]
    public async Task A_request_reaches_the_browsers_of_its_person_encrypted_for_them_and_signed_by_us()
    {
        await using var system = await StartAsync();
        await using var service = await PushService.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        await (await TestAgent.RegisterAsync(system)).ConnectAsync(bob);
        var key = await SwitchOnAsync(system, alice, service.Subscription("alice"));
        await SwitchOnAsync(system, bob, service.Subscription("bob"));

        var approval = await client.AskAsync(context: new { name = "Wayne Enterprises" });
        await Eventually.ShouldAsync(() => service.Messages.Count > 0, "a notification");

        var message = service.Messages.Should().ContainSingle().Subject;
        message.Browser.Should().Be("alice");
        message.Encoding.Should().Be("aes128gcm");
        message.Urgency.Should().Be("high");
        int.Parse(message.TimeToLive, System.Globalization.CultureInfo.InvariantCulture).Should().BeInRange(1, 300);
        var text = JsonDocument.Parse(message.Text).RootElement;
        text.EnumerateObject().Select(member => member.Name).Should().Equal("title", "path");
        text.GetProperty("title").GetString().Should().Be("BUY 10 WAYNE");
        text.GetProperty("path").GetString().Should().Be(approval.Page.AbsolutePath);
        // RFC 8292, section 3: vapid t=…, k=…
        var parameters = message.Authorization["vapid ".Length..].Split(',').Select(part => part.Trim().Split('=', 2)).ToDictionary(part => part[0], part => part[1]);
        parameters["k"].Should().Be(key);
        var point = Base64UrlEncoder.DecodeBytes(key);
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(parameters["t"], new()
        {
            IssuerSigningKey = new JsonWebKey { Kty = "EC", Crv = "P-256", X = Base64UrlEncoder.Encode(point[1..33]), Y = Base64UrlEncoder.Encode(point[33..]) },
            ValidAudience = "http://127.0.0.1",
            ValidateIssuer = false,
        });
        result.IsValid.Should().BeTrue(result.Exception?.Message);
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound)]
    [InlineData(HttpStatusCode.Gone)]
    public async Task A_browser_that_is_gone_is_forgotten(HttpStatusCode status)
    {
        await using var system = await StartAsync();
        await using var service = await PushService.StartAsync();
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        await SwitchOnAsync(system, alice, service.Subscription());
        service.Answer = status;

        await client.AskAsync();

        await Eventually.ShouldAsync(() => Subscriptions(system) == 0, "the subscription is gone");
        service.Messages.Should().ContainSingle();
    }

    [Fact]
    public async Task A_push_service_that_fails_is_tried_again()
    {
        await using var system = await StartAsync();
        await using var service = await PushService.StartAsync();
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        await SwitchOnAsync(system, alice, service.Subscription());
        service.Answer = HttpStatusCode.ServiceUnavailable;
        await client.AskAsync();
        await Eventually.ShouldAsync(() => service.Messages.Count > 0, "the first attempt");

        service.Answer = HttpStatusCode.Created;

        await Eventually.ShouldAsync(() => service.Messages.Any(message => message.Text.Contains("BUY 10 WAYNE", StringComparison.Ordinal)), "the second attempt");
        Subscriptions(system).Should().Be(1);
    }

    [Fact, Trait("Requirement", "CM-02")]
    public async Task What_is_no_push_service_of_the_internet_is_refused_or_never_reached()
    {
        await using var system = await StockMcpSystem.StartAsync(); // loopback is not allowed
        await using var service = await PushService.StartAsync();
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        var good = service.Subscription();
        foreach (var (member, value) in new[]
        {
            ("endpoint", good["endpoint"]), ("endpoint", "ftp://push.example/1"), ("endpoint", "https://me:secret@push.example/"), ("endpoint", "https://push.example/" + new string('x', 2000)), ("endpoint", "x"), ("endpoint", "https://push.example:8443/1"),
            ("p256dh", "AAAA"), ("p256dh", Base64UrlEncoder.Encode(Enumerable.Repeat((byte)4, 65).ToArray())), ("auth", "AAAA"), ("auth", "!"),
        })
        {
            var changed = new Dictionary<string, string>(good) { ["endpoint"] = "https://push.example/1", [member] = value };
            using var answer = await SubscribeAsync(system, alice, changed);
            answer.StatusCode.Should().Be(HttpStatusCode.BadRequest, "of {0}={1}", member, value);
        }
        // A name is only looked at as it is connected to.
        using var inside = await SubscribeAsync(system, alice, new(good) { ["endpoint"] = "https://localhost/push/one" });
        inside.StatusCode.Should().Be(HttpStatusCode.NoContent);

        await client.AskAsync();

        await Eventually.ShouldAsync(() => system.Logs.Lines.Any(line => line.Text.Contains("could not be reached: NotGlobalException", StringComparison.Ordinal)), "the guard refuses");
        service.Messages.Should().BeEmpty();
    }

    [Fact]
    public async Task Browsers_are_bounded_taken_over_and_switched_off()
    {
        await using var system = await StartAsync();
        await using var service = await PushService.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        await (await TestAgent.RegisterAsync(system)).ConnectAsync(alice);
        await (await TestAgent.RegisterAsync(system)).ConnectAsync(bob);
        for (var number = 0; number < 12; number++) await SwitchOnAsync(system, alice, service.Subscription($"{number}"));
        Subscriptions(system).Should().Be(BrowserSubscriptions.MostPerPerson);

        await SwitchOnAsync(system, bob, service.Subscription("11")); // the same browser, another person
        await bob.SubmitAsync(Page(system), "Switch off", form => form.Action.EndsWith("/push/remove", StringComparison.Ordinal));

        (await bob.ReadAsync(Page(system))).Should().NotContain("data-subscription");
        Subscriptions(system).Should().Be(BrowserSubscriptions.MostPerPerson - 1);
    }

    [Fact]
    public async Task The_page_can_be_installed_and_its_worker_is_at_the_root()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var http = new HttpClient { BaseAddress = system.Running.Authority.Url };

        using var worker = await http.GetAsync("service-worker.js");
        using var manifest = await http.GetAsync("assets/manifest.webmanifest");

        worker.Content.Headers.ContentType!.MediaType.Should().Be("text/javascript");
        manifest.Content.Headers.ContentType!.MediaType.Should().Be("application/manifest+json");
        var icons = JsonDocument.Parse(await manifest.Content.ReadAsStringAsync()).RootElement.GetProperty("icons").EnumerateArray().Select(icon => icon.GetProperty("src").GetString()!).ToList();
        foreach (var icon in icons)
        {
            using var image = await http.GetAsync(icon);
            image.Content.Headers.ContentType!.MediaType.Should().Be("image/png");
        }
        (await http.GetStringAsync("")).Should().Contain("rel=\"manifest\"");
    }

    private static Task<StockMcpSystem> StartAsync() => StockMcpSystem.StartAsync(options => options with { AuthoritySettings = new Dictionary<string, string?> { ["WebPush:AllowLoopback"] = "true" } });

    private static Uri Page(StockMcpSystem system) => new(system.Running.Authority.Url, "approvals");

    private static async Task<string> SwitchOnAsync(StockMcpSystem system, Person person, Dictionary<string, string> subscription)
    {
        using var answer = await SubscribeAsync(system, person, subscription);
        answer.StatusCode.Should().Be(HttpStatusCode.NoContent);
        return (await new HtmlParser().ParseDocumentAsync(await person.ReadAsync(Page(system)))).QuerySelector("#push")!.GetAttribute("data-key")!;
    }

    private static async Task<HttpResponseMessage> SubscribeAsync(StockMcpSystem system, Person person, Dictionary<string, string> subscription)
    {
        var page = await new HtmlParser().ParseDocumentAsync(await person.ReadAsync(Page(system)));
        var form = new Dictionary<string, string>(subscription) { ["__RequestVerificationToken"] = page.QuerySelector("#push input[name=__RequestVerificationToken]")!.GetAttribute("value")! };
        return await person.SendAsync(new(HttpMethod.Post, new Uri(system.Running.Authority.Url, "approvals/push")) { Content = new StringContent(string.Join('&', form.Select(field => $"{field.Key}={Uri.EscapeDataString(field.Value)}")), Encoding.UTF8, "application/x-www-form-urlencoded") });
    }

    private static int Subscriptions(StockMcpSystem system)
    {
        using var scope = system.Running.Authority.Services.CreateScope();
        return scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<BrowserSubscription>().Count();
    }
}
