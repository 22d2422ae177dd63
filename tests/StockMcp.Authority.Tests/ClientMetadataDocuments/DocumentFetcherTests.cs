using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using StockMcp.Authority.ClientMetadataDocuments;

namespace StockMcp.Authority.Tests.ClientMetadataDocuments;

public sealed class DocumentFetcherTests
{
    [Theory, Trait("Requirement", "CM-01")]
    [InlineData("https://app.example.com/client.json", true)]
    [InlineData("https://app.example.com:8443/a/b?v=1", true)]
    [InlineData("http://app.example.com/client.json", false)]
    [InlineData("http://127.0.0.1/client.json", false)]
    [InlineData("ftp://app.example.com/client.json", false)]
    [InlineData("https://app.example.com", false)]
    [InlineData("https://app.example.com/", false)]
    [InlineData("https://user@app.example.com/client.json", false)]
    [InlineData("https://@app.example.com/client.json", false)]
    [InlineData("https://app.example.com/client.json#part", false)]
    [InlineData("https://app.example.com/client.json#", false)]
    [InlineData("https://app.example.com/a/../client.json", false)]
    [InlineData("https://app.example.com/a/%2e%2e/client.json", false)]
    [InlineData("https://app.example.com/a/%2E/client.json", false)]
    [InlineData("https://app.example.com/a/.%2e/client.json", false)]
    [InlineData("https://app.example.com/client .json", false)]
    [InlineData(" https://app.example.com/client.json", false)]
    [InlineData("https://app.example.com\\client.json", false)]
    [InlineData("https://APP.example.com/client.json", false)]
    [InlineData("https://app.example.com:443/client.json", false)]
    [InlineData("https://0x7f.1/client.json", false)]
    [InlineData("https://2130706433/client.json", false)]
    [InlineData("https://\u0430pp.example.com/client.json", false)]
    [InlineData("https:/app.example.com/client.json", false)]
    public void A_client_id_is_a_url_that_can_be_written_in_one_way_alone(string clientId, bool good)
        => ClientIdUrl.TryParse(clientId, allowLoopback: false, out _).Should().Be(good);

    [Theory, Trait("Requirement", "CM-02")]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.9.9.9", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("172.31.0.1", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("192.0.0.8", false)]
    [InlineData("192.0.2.1", false)]
    [InlineData("198.18.0.1", false)]
    [InlineData("203.0.113.9", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", false)]
    [InlineData("::8.8.8.8", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    [InlineData("64:ff9b:1::1", false)]
    [InlineData("100::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fc00::1", false)]
    [InlineData("fd12:3456::1", false)]
    [InlineData("fec0::1", false)]
    [InlineData("ff02::1", false)]
    [InlineData("2001::1", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("2002:7f00:1::1", false)]
    [InlineData("3fff::1", false)]
    [InlineData("2606:4700::5efe:7f00:1", false)]
    [InlineData("2606:4700::200:5efe:a00:1", false)]
    public void Only_addresses_of_the_public_internet_are_global(string address, bool good) => GlobalAddress.Is(IPAddress.Parse(address)).Should().Be(good);

    [Theory, Trait("Requirement", "CM-02")]
    [InlineData("127.0.0.1")]
    [InlineData("8.8.8.8", "127.0.0.1")]
    [InlineData("10.0.0.1", "8.8.8.8")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData]
    public async Task One_bad_address_among_the_answers_and_nothing_is_connected_to(params string[] answers)
    {
        await using var host = await DocumentHost.StartAsync();
        var lookups = 0;
        using var fetcher = new DocumentFetcher(allowLoopback: false, TimeProvider.System, (_, _) =>
        {
            lookups++;
            return Task.FromResult(answers.Select(IPAddress.Parse).ToArray());
        });

        await fetcher.Awaiting(it => it.FetchAsync(new Uri($"http://app.example.com:{host.Url.Port}/client.json"))).Should().ThrowAsync<DocumentException>().WithMessage("*not global*");

        (host.Requests, lookups).Should().Be((0, 1));
    }

    [Fact, Trait("Requirement", "CM-02")]
    public async Task The_connection_goes_to_the_address_that_was_checked()
    {
        await using var host = await DocumentHost.StartAsync();
        var lookups = 0;
        using var fetcher = new DocumentFetcher(allowLoopback: true, TimeProvider.System, (_, _) => Task.FromResult(new[] { lookups++ == 0 ? IPAddress.Loopback : IPAddress.Parse("10.0.0.1") }));

        (await fetcher.FetchAsync(new Uri($"http://app.example.com:{host.Url.Port}/client.json"))).Json.Should().NotBeEmpty();

        (host.Requests, lookups).Should().Be((1, 1), "there is no second look at the name");
        await fetcher.Awaiting(it => it.FetchAsync(new Uri($"http://app.example.com:{host.Url.Port}/client.json"))).Should().ThrowAsync<DocumentException>("the next fetch looks again");
    }

    [Fact, Trait("Requirement", "CM-02"), Trait("Requirement", "CM-04")]
    public async Task What_a_document_must_not_be()
    {
        await using var host = await DocumentHost.StartAsync();
        using var fetcher = new DocumentFetcher(allowLoopback: true, TimeProvider.System);
        foreach (var (bad, why) in new (RequestDelegate, string)[]
        {
            (context => { context.Response.Redirect("/elsewhere"); return Task.CompletedTask; }, "status 302"),
            (context => { context.Response.StatusCode = 404; return Task.CompletedTask; }, "status 404"),
            (context => { context.Response.StatusCode = 201; return context.Response.WriteAsJsonAsync(new { }); }, "status 201"),
            (context => context.Response.WriteAsync("{}"), "not JSON"),
            (context => { context.Response.ContentType = "text/html"; return context.Response.WriteAsync("{}"); }, "not JSON"),
            (context => { context.Response.ContentType = "application/json"; context.Response.Headers.ContentEncoding = "gzip"; return context.Response.WriteAsync("{}"); }, "encoded"),
            (context => { context.Response.ContentType = "application/json"; return context.Response.WriteAsync(new string(' ', DocumentFetcher.Largest + 1)); }, "too large"),
            (async context => { context.Response.ContentType = "application/json"; context.Response.ContentLength = DocumentFetcher.Largest + 1; await context.Response.WriteAsync(new string(' ', DocumentFetcher.Largest + 1)); }, "too large"),
        })
        {
            host.Answer = bad;
            await fetcher.Awaiting(it => it.FetchAsync(host.Url)).Should().ThrowAsync<DocumentException>().WithMessage(why);
        }
        host.Serve(new string(' ', DocumentFetcher.Largest));
        (await fetcher.FetchAsync(host.Url)).Json.Should().HaveCount(DocumentFetcher.Largest);
    }

    [Fact, Trait("Requirement", "CM-02")]
    public async Task A_document_that_drips_ends_after_five_seconds_in_all()
    {
        await using var host = await DocumentHost.StartAsync();
        var time = new FakeTimeProvider();
        var begun = new TaskCompletionSource();
        host.Answer = async context =>
        {
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("{");
            await context.Response.Body.FlushAsync();
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        using var fetcher = new DocumentFetcher(allowLoopback: true, time);
        var fetch = fetcher.FetchAsync(host.Url);
        await begun.Task;

        time.Advance(DocumentFetcher.Patience);

        await fetch.Awaiting(it => it).Should().ThrowAsync<DocumentException>();
    }

    [Theory, Trait("Requirement", "CM-04")]
    [InlineData(null, "01:00:00")]
    [InlineData("max-age=7200", "02:00:00")]
    [InlineData("max-age=31536000", "1.00:00:00")]
    [InlineData("max-age=1", "00:05:00")]
    [InlineData("no-store", "00:05:00")]
    public async Task A_document_lives_as_long_as_it_says_within_bounds(string? cacheControl, string lifetime)
    {
        await using var host = await DocumentHost.StartAsync();
        host.Answer = context =>
        {
            if (cacheControl is not null) context.Response.Headers.CacheControl = cacheControl;
            return context.Response.WriteAsJsonAsync(new { });
        };
        using var fetcher = new DocumentFetcher(allowLoopback: true, TimeProvider.System);

        (await fetcher.FetchAsync(host.Url)).Lifetime.Should().Be(TimeSpan.Parse(lifetime));
    }
}
