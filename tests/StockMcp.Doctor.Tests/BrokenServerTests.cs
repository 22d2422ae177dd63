namespace StockMcp.Doctor.Tests;

/// <summary>Servers with one thing wrong each, as they are met in the field.</summary>
public sealed class BrokenServerTests
{
    [Fact]
    public async Task A_server_with_nothing_wrong_passes_the_whole_way_and_is_left_as_it_was()
    {
        await using var site = await PublicSite.StartAsync();

        var run = await WholeWayAsync(site);

        run.That("fail").Should().BeEmpty(run.Failures);
        run.That("warn").Should().BeEmpty(run.Failures);
        run.ExitCode.Should().Be(0);
        site.RegistrationsLeft.Should().Be(0, "what was registered is taken back");
        site.Issued.Where(secret => (run.Output + run.Errors).Contains(secret, StringComparison.Ordinal)).Should().BeEmpty();
    }

    [Fact]
    public async Task Http_in_the_challenge_of_an_https_server_is_the_proxy_setting()
    {
        var run = await FailingAsync(new() { ResourceMetadata = "http://mcp.example.com/.well-known/oauth-protected-resource/mcp" }, "challenge-metadata");

        run.What("challenge-metadata").Should().Contain("http, though the server is https");
        run.Fix("challenge-metadata").Should().Contain("public base URL");
    }

    [Fact]
    public async Task Metadata_at_the_root_alone_are_not_where_a_client_asks()
    {
        var run = await FailingAsync(new() { NoPathMetadata = true, NoResourceMetadata = true }, "prm-path");

        run.What("prm-path").Should().Contain("/.well-known/oauth-protected-resource/mcp answers 404");
        run.Breaks("prm-path").Should().Contain("Claude Code");
    }

    [Theory]
    [InlineData("https://mcp.example.com/mcp/", "slash at the end")]
    [InlineData("http://mcp.example.com/mcp", "differ in http and https")]
    [InlineData("https://mcp.example.com", "a folder above it")]
    [InlineData("https://internal.example.com/mcp", "another host")]
    public async Task A_resource_that_is_not_the_url_to_the_letter_is_named_with_the_difference(string resource, string difference)
    {
        var run = await FailingAsync(new() { Resource = resource }, "prm-resource");

        run.What("prm-resource").Should().Contain(difference);
        run.Breaks("prm-resource").Should().NotBeEmpty();
    }

    [Fact]
    public async Task An_issuer_that_differs_in_a_slash_is_refused_by_clients()
        => (await FailingAsync(new() { Issuer = PublicSite.Origin + "/" }, "as-issuer")).What("as-issuer").Should().Contain("slash at the end");

    [Fact]
    public async Task A_developers_setting_leads_nobody_to_their_own_computer()
        => (await FailingAsync(new() { AuthorizationServer = "http://localhost:9000" }, "prm-authorization-servers")).What("prm-authorization-servers").Should().Contain("own computer");

    [Fact]
    public async Task Metadata_that_do_not_name_S256_stop_a_client()
        => (await FailingAsync(new() { ProofKeyMethods = null }, "as-pkce")).Fix("as-pkce").Should().Contain("S256");

    [Fact]
    public async Task A_registration_that_refuses_loopback_is_named_for_each_client_that_needs_it()
    {
        var run = await FailingAsync(new() { RefusesLoopback = true }, "register-claude-code", "register-vscode", "register-cursor", "register-inspector", "register-mcp-remote", "register-csharp-sdk", "register-typescript-sdk");

        run.Status("register-claude-ai").Should().Be("pass");
        run.Fix("register-vscode").Should().Contain("127.0.0.1");
        run.Output.Should().NotContain("\\u001b", "what the server writes does not steer the terminal");
    }

    [Fact]
    public async Task A_loopback_address_whose_port_may_not_differ_breaks_native_clients()
        => (await FailingAsync(new() { OneLoopbackPort = true }, "authorize-loopback-port")).Breaks("authorize-loopback-port").Should().Contain("VS Code");

    [Fact]
    public async Task A_server_that_sends_anybody_anywhere_is_an_open_redirector()
        => (await FailingAsync(new() { RedirectsAnywhere = true }, "authorize-unknown-client", "authorize-wrong-redirect", "authorize-request", "authorize-response")).First.Should().Be("authorize-unknown-client");

    [Fact]
    public async Task A_token_for_somebody_else_that_is_taken_shows_that_the_audience_is_not_checked()
        => (await FailingAsync(new() { Audience = "https://other.example.com", ChecksNoAudience = true }, "token-audience")).What("token-audience").Should().Contain("does not check the audience");

    [Fact]
    public async Task A_token_for_somebody_else_that_is_refused_is_the_authorization_servers_fault()
        => (await FailingAsync(new() { Audience = "https://other.example.com" }, "token-audience", "mcp-initialize")).Fix("token-audience").Should().Contain("RFC 8707");

    [Fact]
    public async Task Tokens_that_anybody_can_write_are_taken()
        => (await FailingAsync(new() { ChecksNoSignature = true }, "unknown-kid", "unsigned-token")).Breaks("unsigned-token").Should().Contain("whoever makes up a token is let in");

    [Fact]
    public async Task An_unknown_kid_that_is_a_server_error_is_not_a_401()
        => (await FailingAsync(new() { FailsAtUnknownKey = true }, "unknown-kid")).What("unknown-kid").Should().Contain("500");

    [Fact]
    public async Task A_token_in_the_query_is_taken()
        => (await FailingAsync(new() { TakesQueryTokens = true }, "token-in-query")).Fix("token-in-query").Should().Contain("header");

    [Fact]
    public async Task A_foreign_page_is_answered()
        => (await FailingAsync(new() { AnswersForeignOrigins = true }, "origin-foreign")).What("origin-foreign").Should().Contain("like any other");

    [Fact]
    public async Task A_missing_scope_inside_a_200_is_a_dead_end()
        => (await FailingAsync(new() { RefusesScopesInside200 = true }, "step-up")).What("step-up").Should().Contain("'read_drafts' is refused in a 200");

    [Fact]
    public async Task A_client_whose_registration_is_gone_is_told_nothing_that_it_understands()
        => (await FailingAsync(new() { ErrorsAreNotOAuth = true }, "token-error")).Breaks("token-error").Should().Contain("register anew");

    [Fact]
    public async Task A_tool_name_that_is_too_long_for_clients_is_named()
        => await FailingAsync(new() { ToolName = new string('n', 65) }, "mcp-tools-list");

    [Fact]
    public async Task A_family_that_ends_when_an_answer_was_lost_could_be_better()
    {
        await using var site = await PublicSite.StartAsync(new() { EndsFamilyAtReuse = true });

        var run = await WholeWayAsync(site);

        run.That("warn").Should().Equal("refresh-twice");
        run.ExitCode.Should().Be(0, "it is allowed");
    }

    [Fact]
    public async Task A_person_who_says_no_is_told_where_it_ended()
    {
        await using var site = await PublicSite.StartAsync();

        var run = await DoctorRun.JsonAsync(PublicSite.Url, site.Handler, address => site.SignInAsync(address, says: "access_denied"), "--login");

        run.That("fail").Should().Equal(["authorize-response"], run.Failures);
        run.What("authorize-response").Should().Contain("access_denied");
        run.Status("mcp-initialize").Should().Be("skip");
        run.Json.GetProperty("reach").GetString().Should().StartWith("Not the whole way");
    }

    [Fact]
    public async Task The_text_names_the_first_failure_with_whom_it_breaks_and_the_cure()
    {
        await using var site = await PublicSite.StartAsync(new() { Resource = "https://mcp.example.com/mcp/" });

        var run = await DoctorRun.RunAsync(["doctor", PublicSite.Url.AbsoluteUri], site.Handler);

        run.ExitCode.Should().Be(1);
        run.Output.Should().Contain("The first step that fails: prm-resource").And.Contain("breaks").And.Contain("VS Code").And.Contain("RFC 9728, section 3.3").And.Contain("How far this went:").And.Contain("--login");
    }

    private static async Task<DoctorRun> FailingAsync(Faults faults, params string[] failing)
    {
        await using var site = await PublicSite.StartAsync(faults);
        var run = await WholeWayAsync(site);
        run.That("fail").Should().Equal(failing, run.Failures);
        run.First.Should().Be(failing[0]);
        run.ExitCode.Should().Be(1);
        return run;
    }

    private static Task<DoctorRun> WholeWayAsync(PublicSite site) => DoctorRun.JsonAsync(PublicSite.Url, site.Handler, address => site.SignInAsync(address), "--register", "--login");
}
