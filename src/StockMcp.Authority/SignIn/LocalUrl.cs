namespace StockMcp.Authority.SignIn;

/// <summary>Return URLs lead to this site alone (AS-19).</summary>
internal static class LocalUrl
{
    /// <summary>The URL if it is a path on this site, or else the other one. Browsers read <c>//</c> and <c>/\</c> as another host.</summary>
    public static string Or(string? url, string other) => url is ['/'] or ['/', not ('/' or '\\'), ..] && !url.Any(char.IsControl) ? url : other;
}
