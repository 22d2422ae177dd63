using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using StockMcp.ResourceServer.StrictJson;

namespace StockMcp.ResourceServer.Elicitation;

/// <summary>
/// Remembers, without sessions, whether a client of 2025-11-25 can open URLs for its person. It says so once, in <c>initialize</c>; the session id that it gets then says
/// it for it in each later request, to whichever copy. It proves nothing and opens nothing (RS-07). Since 2026-07-28 each request says it itself.
/// </summary>
internal sealed class UrlElicitationSession
{
    private const string Header = "Mcp-Session-Id";
    private const string Prefix = "url-elicitation.";

    private UrlElicitationSession() { }

    /// <summary>Gives the session id, and takes it back before the SDK sees it, which serves no sessions here.</summary>
    public static void Use(IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.Request.Headers[Header].ToString().StartsWith(Prefix, StringComparison.Ordinal))
        {
            context.Request.Headers.Remove(Header);
            context.Features.Set(new UrlElicitationSession());
        }
        if (context.Features.Get<McpMessage>() is { Method: "initialize", DeclaresUrlElicitation: true })
            context.Response.Headers[Header] = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        return next(context);
    });

    /// <summary>Whether the parameters of <c>initialize</c> declare URL-mode elicitation.</summary>
    public static bool IsDeclaredIn(JsonElement parameters)
        => parameters.TryGetProperty("capabilities", out var capabilities) && capabilities.ValueKind == JsonValueKind.Object
            && capabilities.TryGetProperty("elicitation", out var elicitation) && elicitation.ValueKind == JsonValueKind.Object
            && elicitation.TryGetProperty("url", out var url) && url.ValueKind == JsonValueKind.Object;
}
