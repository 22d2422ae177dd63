using System.Net;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Account;

public sealed class SessionTests
{
    [Fact, Trait("Requirement", "AS-17"), Trait("Requirement", "AS-19")]
    public async Task A_person_sees_their_sessions_and_signs_one_or_all_of_them_out()
    {
        await using var system = await StockMcpSystem.StartAsync();
        var page = new Uri(system.Running.Authority.Url, "account");
        using var alice = Person.Alice(system);
        using var laptop = Person.Alice(system);
        using var bob = Person.Bob(system);
        foreach (var person in new[] { alice, laptop, bob }) await person.GoAsync(new Uri(system.Running.Authority.Url, "sign-in"), url => url.AbsolutePath == "/account");
        (await alice.ReadAsync(page)).Should().Contain("this browser");

        await alice.SubmitAsync(page, "Sign out", form => form.InnerHtml.Contains("name=\"session\"", StringComparison.Ordinal));
        (await laptop.StatusAsync(page)).Should().Be(HttpStatusCode.Redirect);
        (await alice.StatusAsync(page)).Should().Be(HttpStatusCode.OK);

        await alice.SubmitAsync(page, "Sign out everywhere");
        (await alice.StatusAsync(page)).Should().Be(HttpStatusCode.Redirect);
        (await bob.StatusAsync(page)).Should().Be(HttpStatusCode.OK, "he is somebody else");
    }

    [Theory]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge on Linux")]
    [InlineData("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", "Safari on iPhone")]
    [InlineData("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome on Android")]
    [InlineData("<script>", "A browser")]
    [InlineData("", "A browser")]
    public void A_browser_is_named_so_that_its_owner_knows_it(string userAgent, string name) => Authority.SignIn.BrowserName.Of(userAgent).Should().Be(name);
}
