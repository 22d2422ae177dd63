using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace StockMcp.Tools.OrderCard;

/// <summary>
/// The card on which clients with MCP Apps (SEP-1865) show a request for an order: its terms, where it stands, and the way to the approval page. It is one fixed page that loads nothing,
/// asks nobody outside, and writes what it is given as text. It cannot approve: no tool can.
/// </summary>
internal static class OrderCardResource
{
    public const string Uri = "ui://stockmcp/order-card";
    public const string MimeType = "text/html;profile=mcp-app";
    private static readonly string s_html = Read();

    /// <summary>What ties a tool's answers to the card: as the extension says it now, and as its first clients look for it.</summary>
    public static void AddTo(JsonObject toolMeta)
    {
        toolMeta["ui"] = new JsonObject { ["resourceUri"] = Uri };
        toolMeta["ui/resourceUri"] = Uri;
    }

    public static McpServerResource Create() => McpServerResource.Create(Content, new McpServerResourceCreateOptions
    {
        UriTemplate = Uri,
        Name = "order-card",
        Title = "Order card",
        Description = "Shows a request for an order: its terms, where it stands, and the link to the page where the person answers.",
        MimeType = MimeType,
        Meta = Meta(),
    });

    private static ReadResourceResult Content() => new() { Contents = [new TextResourceContents { Uri = Uri, MimeType = MimeType, Text = s_html, Meta = Meta() }] };

    private static JsonObject Meta() => new() { ["ui"] = new JsonObject { ["csp"] = new JsonObject { ["connectDomains"] = new JsonArray(), ["resourceDomains"] = new JsonArray() }, ["prefersBorder"] = true } };

    private static string Read()
    {
        using var stream = typeof(OrderCardResource).Assembly.GetManifestResourceStream("StockMcp.Tools.OrderCard.order-card.html")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
