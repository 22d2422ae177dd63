using System.Text.Json.Nodes;
using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.AuthorizationServer;

/// <summary>How an authorization server's metadata were looked for.</summary>
/// <param name="Issuer">The identifier out of the protected resource metadata.</param>
/// <param name="Attempts">What each place answered, in the order of MCP, up to the first that had a document.</param>
/// <param name="Metadata">That document.</param>
internal sealed record Discovery(Uri Issuer, IReadOnlyList<Answer> Attempts, JsonObject? Metadata)
{
    public static async Task<Discovery> RunAsync(DoctorHttp http, Uri issuer, CancellationToken cancellationToken)
    {
        var attempts = new List<Answer>();
        foreach (var place in Urls.DiscoveryOf(issuer))
        {
            var answer = await http.GetAsync(place, cancellationToken);
            attempts.Add(answer);
            if (answer is { Status: 200, Json: { } metadata }) return new(issuer, attempts, metadata);
        }
        return new(issuer, attempts, null);
    }
}
