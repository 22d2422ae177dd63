using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace StockMcp.Doctor.Http;

/// <summary>
/// Sends requests to servers that nobody vouches for: no cookies, no redirects, a time limit, and not more than a megabyte of any answer.
/// </summary>
internal sealed class DoctorHttp(HttpMessageHandler handler, TimeSpan timeout, TimeProvider time) : IDisposable
{
    private const int Largest = 1024 * 1024;
    private const string Product = "stockmcp-doctor";
    private readonly HttpClient http = new(handler) { Timeout = Timeout.InfiniteTimeSpan };

    public static HttpMessageHandler NewHandler() => new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.All,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        MaxResponseHeadersLength = 64,
    };

    public Task<Answer> GetAsync(Uri url, CancellationToken cancellationToken, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Accept.Add(new("application/json"));
        return SendAsync(request, cancellationToken, headers);
    }

    public Task<Answer> PostFormAsync(Uri url, IEnumerable<KeyValuePair<string, string>> form, CancellationToken cancellationToken, AuthenticationHeaderValue? authorization = null)
        => SendAsync(new HttpRequestMessage(HttpMethod.Post, url) { Content = new FormUrlEncodedContent(form), Headers = { Accept = { new("application/json") }, Authorization = authorization } }, cancellationToken);

    public Task<Answer> PostJsonAsync(Uri url, string json, CancellationToken cancellationToken, params (string Name, string Value)[] headers)
        => SendAsync(new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json")) }, cancellationToken, headers);

    /// <summary>Sends it, and says what came. A header that is given empty is not sent at all.</summary>
    public async Task<Answer> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken, params (string Name, string Value)[] headers)
    {
        request.Headers.UserAgent.Add(new(Product, "1.0"));
        foreach (var (name, value) in headers)
        {
            request.Headers.Remove(name);
            if (value.Length > 0) request.Headers.TryAddWithoutValidation(name, value);
        }
        var url = request.RequestUri!;
        using var clock = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancellationToken);
        try
        {
            using (request)
            using (var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token))
            {
                return await ReadAsync(url, response, either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Answer(url) { Problem = $"no answer within {timeout.TotalSeconds:0} seconds" };
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or InvalidOperationException or NotSupportedException)
        {
            return new Answer(url) { Problem = Foreign.Text(exception.GetBaseException().Message) };
        }
    }

    public void Dispose() => http.Dispose();

    private static async Task<Answer> ReadAsync(Uri url, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var events = response.Content.Headers.ContentType?.MediaType == "text/event-stream";
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        var piece = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(piece, cancellationToken)) > 0)
        {
            body.Write(piece, 0, read);
            if (body.Length > Largest) return new Answer(url) { Problem = "an answer of more than a megabyte" };
            // Such a stream may stay open for ever.
            if (events && Answer.Message(Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length)) is not null) break;
        }
        return new Answer(url)
        {
            Status = (int)response.StatusCode,
            MediaType = response.Content.Headers.ContentType?.MediaType ?? "",
            Body = Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length),
            Headers = response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, IReadOnlyList<string> (header) => [.. header.Value], StringComparer.OrdinalIgnoreCase),
        };
    }
}
