using System.Text.Json;
using System.Text.RegularExpressions;
using AngleSharp.Html.Parser;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Approvals;

public sealed partial class SecondTypeTests
{
    [Fact, Trait("Requirement", "AP-01")]
    public async Task A_second_type_needs_the_settings_of_the_documentation_alone()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Toolbox.Repository, "docs", "authorization-details.md"));
        var blocks = JsonBlock().Matches(text).Select(match => match.Groups["json"].Value).ToList();
        var folder = Directory.CreateTempSubdirectory("stockmcp-type-").FullName;
        var schema = Path.Combine(folder, "transfer.schema.json");
        await File.WriteAllTextAsync(schema, blocks[0]);
        var settings = new Dictionary<string, string?>();
        Flatten("", JsonDocument.Parse($"{{{blocks[1]}}}").RootElement, settings);
        settings["AuthorizationDetailsTypes:transfer:SchemaFile"] = schema;
        await using var system = await StockMcpSystem.StartAsync(options => options with { AuthoritySettings = settings });
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice);

        var approval = await client.AskAsync(new() { ["type"] = "transfer", ["from"] = "A-1", ["to"] = "B-2", ["amount"] = "250.00", ["currency"] = "USD", ["speed"] = "instant" });
        var page = await new HtmlParser().ParseDocumentAsync(await alice.ReadAsync(approval.Page));
        await alice.SubmitAsync(approval.Page, "Approve");
        var token = await client.PollAsync(approval);

        page.QuerySelector("h1")!.TextContent.Should().Be("TRANSFER 250.00 USD");
        page.QuerySelectorAll(".terms dt, .terms dd").Select(line => line.TextContent).Should().Equal("From", "A-1", "To", "B-2", "Arrives", "At once");
        token.Body.GetProperty("authorization_details")[0].GetProperty("type").GetString().Should().Be("transfer");
        Directory.Delete(folder, recursive: true);
    }

    private static void Flatten(string path, JsonElement element, Dictionary<string, string?> settings)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject()) Flatten(path.Length == 0 ? member.Name : $"{path}:{member.Name}", member.Value, settings);
                break;
            case JsonValueKind.Array:
                foreach (var (number, item) in element.EnumerateArray().Index()) Flatten($"{path}:{number}", item, settings);
                break;
            default:
                settings[path] = element.ToString();
                break;
        }
    }

    [GeneratedRegex(@"```json\n(?<json>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex JsonBlock();
}
