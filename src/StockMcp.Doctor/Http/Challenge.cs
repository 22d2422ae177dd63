using System.Text.RegularExpressions;

namespace StockMcp.Doctor.Http;

/// <summary>A <c>WWW-Authenticate: Bearer</c> header (RFC 6750, section 3; RFC 9728, section 5.1).</summary>
internal sealed partial class Challenge
{
    private readonly Dictionary<string, string> parameters = new(StringComparer.OrdinalIgnoreCase);

    private Challenge(string header)
    {
        foreach (Match match in Parameter().Matches(header))
        {
            var value = match.Groups["quoted"] is { Success: true } quoted ? quoted.Value.Replace("\\\"", "\"", StringComparison.Ordinal) : match.Groups["plain"].Value;
            parameters.TryAdd(match.Groups["name"].Value, value);
        }
    }

    public string? ResourceMetadata => this["resource_metadata"];

    public string? Scope => this["scope"];

    public string? Error => this["error"];

    public IReadOnlyList<string> Scopes => Scope?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];

    private string? this[string name] => parameters.GetValueOrDefault(name);

    /// <summary>The Bearer challenge among those that were sent; <see langword="null"/> if there is none.</summary>
    public static Challenge? Of(Answer answer)
        => answer.Headers.TryGetValue("WWW-Authenticate", out var headers) && headers.Select(header => Bearer().Match(header)).FirstOrDefault(match => match.Success) is { } found ? new(found.Groups["rest"].Value) : null;

    [GeneratedRegex(@"(^|,)\s*bearer(\s+(?<rest>.*))?$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Bearer();

    [GeneratedRegex("""(?<name>[A-Za-z0-9_-]+)\s*=\s*("(?<quoted>([^"\\]|\\.)*)"|(?<plain>[^\s,"]+))""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Parameter();
}
