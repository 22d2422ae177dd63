using System.Net;
using System.Text.Json;
using StockMcp.Doctor.Http;
using StockMcp.EndToEnd.Tests.Orders;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.EndToEnd.Tests.Receipts;

/// <summary>A placed order's receipt, from the tool and from the page, verified by our command and by somebody else's library.</summary>
public sealed class ReceiptTests
{
    [Fact, Trait("Requirement", "AU-01"), Trait("Requirement", "OX-01")]
    public async Task A_placed_order_has_a_receipt_that_the_command_verifies_and_a_changed_one_is_refused()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        using var trader = await Trader.ConnectAsync(system, alice);
        using var other = await Trader.ConnectAsync(system, bob);
        var pending = await trader.PlaceAsync("2", "95.00");
        (await trader.Agent.CallToolAsync("get_order_receipt", new { approval_id = pending.ApprovalId })).IsError.Should().BeTrue("nothing is placed yet");
        await trader.ApproveAsync(pending);
        var placed = await trader.EndAsync(pending);
        placed.Status.Should().Be("placed", placed.ToString());

        var answer = (await trader.Agent.CallToolAsync("get_order_receipt", new { approval_id = pending.ApprovalId })).Structured!;
        var receipt = answer["receipt"]!.GetValue<string>();
        var page = await alice.ReadAsync(new Uri(system.Running.Authority.Url, "approvals"));
        var downloaded = await alice.ReadAsync(new Uri(pending.ApprovalUrl + "/receipt"));

        page.Should().Contain($"/approvals/{pending.ApprovalId}/receipt");
        downloaded.Split('.').Should().HaveCount(3);
        (await bob.StatusAsync(new Uri(pending.ApprovalUrl + "/receipt"))).Should().Be(HttpStatusCode.NotFound);
        (await other.Agent.CallToolAsync("get_order_receipt", new { approval_id = pending.ApprovalId })).IsError.Should().BeTrue("it is somebody else's");
        foreach (var jws in new[] { receipt, downloaded })
        {
            var (code, output, errors) = await VerifyAsync(jws, "--issuer", system.Running.Authority.Url.AbsoluteUri);
            code.Should().Be(0, errors);
            output.Should().StartWith("Genuine.").And.Contain(placed.OrderId!).And.Contain("approval " + pending.ApprovalId).And.Contain("190.00").And.Contain("WAYNE").And.MatchRegex("audit log +line [0-9]+, [A-Za-z0-9_-]{43}");
        }
        using var said = JsonDocument.Parse((await VerifyAsync(receipt, "--json")).Output);
        said.RootElement.GetProperty("order").GetProperty("submitted_at").GetDateTimeOffset().Should().BeAfter(said.RootElement.GetProperty("allowed_by").GetProperty("requested_at").GetDateTimeOffset());
        said.RootElement.GetProperty("order").GetProperty("client_order_id").GetString().Should().Be($"stockmcp-{Guid.Parse(pending.ApprovalId):N}");

        (await VerifyAsync(receipt[..^6] + "AAAAAA")).Should().Match<(int Code, string Output, string Errors)>(run => run.Code == 1 && run.Output == "" && run.Errors.Contains("does not fit"));
        (await VerifyAsync(receipt, "--issuer", "https://elsewhere.example/")).Code.Should().Be(1);
        (await VerifyAsync(trader.Agent.Tokens.AccessToken)).Should().Match<(int Code, string Output, string Errors)>(run => run.Code == 1 && run.Errors.Contains("something else"), "an access token is no receipt");
        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new("Bearer", receipt) } };
        (await http.PostAsync(system.McpUrl, new StringContent("{}", System.Text.Encoding.UTF8, "application/json"))).StatusCode.Should().Be(HttpStatusCode.Unauthorized, "and a receipt is no access token");
    }

    [Fact, Requires(Tool.Node), Trait("Requirement", "AU-01")]
    public async Task Npm_jose_verifies_a_mandates_receipt_with_the_published_keys()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        using var trader = await Trader.ConnectAsync(system, alice);
        var mandate = await alice.GrantAsync(system, new Microsoft.IdentityModel.JsonWebTokens.JsonWebToken(trader.Agent.Tokens.AccessToken).GetClaim("client_id").Value);
        var placed = await trader.PlaceAsync("2", "95.00", waitSeconds: 60);
        placed.Status.Should().Be("placed", placed.ToString());
        var receipt = (await trader.Agent.CallToolAsync("get_order_receipt", new { approval_id = placed.ApprovalId })).Structured!["receipt"]!.GetValue<string>();

        await using var client = ForeignProcess.StartScript("receipt.mjs", [system.Running.Authority.Url.AbsoluteUri]);
        await client.WriteLineAsync(receipt);
        using var json = JsonDocument.Parse(await client.SucceedAsync());

        var payload = json.RootElement.GetProperty("payload");
        payload.GetProperty("allowed_by").GetProperty("type").GetString().Should().Be("mandate");
        payload.GetProperty("allowed_by").GetProperty("id").GetString().Should().Be(mandate.ToString());
        payload.GetProperty("authorization_details")[1].GetProperty("mandate_id").GetString().Should().Be(mandate.ToString());
        payload.GetProperty("order").GetProperty("id").GetString().Should().Be(placed.OrderId);
        json.RootElement.GetProperty("protectedHeader").GetProperty("typ").GetString().Should().Be("stock-receipt+jwt");
        json.RootElement.GetProperty("refused").GetString().Should().Be("ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    }

    private static async Task<(int Code, string Output, string Errors)> VerifyAsync(string receipt, params string[] arguments)
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, receipt + "\n");
            await using var output = new StringWriter();
            await using var errors = new StringWriter();
            using var handler = DoctorHttp.NewHandler();
            return (await StockMcp.Doctor.Program.RunAsync(["verify-receipt", file, .. arguments], output, errors, handler, TimeProvider.System), output.ToString(), errors.ToString());
        }
        finally
        {
            File.Delete(file);
        }
    }
}
