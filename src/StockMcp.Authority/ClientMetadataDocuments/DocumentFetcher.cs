using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace StockMcp.Authority.ClientMetadataDocuments;

/// <summary>A document as it was fetched, and how long it may be used.</summary>
internal sealed record FetchedDocument(byte[] Json, TimeSpan Lifetime);

/// <summary>Why a document cannot be used. It is for the log alone: who asked must not learn what answers where (CM-06).</summary>
internal sealed class DocumentException(string reason) : Exception(reason);

/// <summary>
/// Fetches a document from a URL that a stranger chose, over a <see cref="GlobalConnection"/> (CM-02): 5 KiB, 5 seconds in all.
/// </summary>
internal sealed class DocumentFetcher : IDisposable
{
    public const int Largest = 5 * 1024;
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan ShortestLifetime = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan LongestLifetime = TimeSpan.FromHours(24);
    private static readonly TimeSpan s_usualLifetime = TimeSpan.FromHours(1);
    private readonly TimeProvider time;
    private readonly HttpClient http;

    public DocumentFetcher(bool allowLoopback, TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        (AllowLoopback, this.time) = (allowLoopback, time);
        http = new HttpClient(new GlobalConnection(allowLoopback, resolve).NewHandler()) { Timeout = Timeout.InfiniteTimeSpan };
        http.DefaultRequestHeaders.UserAgent.ParseAdd("StockMcp");
        http.DefaultRequestHeaders.Accept.ParseAdd("application/json");
    }

    public bool AllowLoopback { get; }

    /// <exception cref="DocumentException">There is none to be used.</exception>
    public async Task<FetchedDocument> FetchAsync(Uri url)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        try
        {
            using var response = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, patience.Token);
            if (response.StatusCode != HttpStatusCode.OK) throw new DocumentException($"status {(int)response.StatusCode}");
            if (response.Content.Headers.ContentType?.MediaType is not { } type || !(type == "application/json" || (type.StartsWith("application/", StringComparison.Ordinal) && type.EndsWith("+json", StringComparison.Ordinal)))) throw new DocumentException("not JSON");
            if (response.Content.Headers.ContentEncoding.Count > 0) throw new DocumentException("encoded");
            if (response.Content.Headers.ContentLength > Largest) throw new DocumentException("too large");
            var body = new byte[Largest + 1];
            await using var stream = await response.Content.ReadAsStreamAsync(patience.Token);
            var length = await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, patience.Token);
            return length > Largest ? throw new DocumentException("too large") : new FetchedDocument(body[..length], Lifetime(response.Headers.CacheControl));
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException or SocketException)
        {
            throw new DocumentException(exception.GetBaseException() is DocumentException or NotGlobalException ? exception.GetBaseException().Message : exception.GetBaseException().GetType().Name);
        }
    }

    public void Dispose() => http.Dispose();

    private static TimeSpan Lifetime(CacheControlHeaderValue? cache)
    {
        var said = cache is null ? s_usualLifetime : cache.NoStore || cache.NoCache ? TimeSpan.Zero : cache.MaxAge ?? s_usualLifetime;
        return said < ShortestLifetime ? ShortestLifetime : said > LongestLifetime ? LongestLifetime : said;
    }
}
