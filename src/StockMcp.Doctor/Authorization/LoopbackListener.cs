using System.Net;
using System.Net.Sockets;
using System.Text;
using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.Authorization;

/// <summary>Waits on a loopback port for the person's browser to come back (RFC 8252, section 7.3).</summary>
internal sealed class LoopbackListener : IDisposable
{
    private const string Path = "/callback";
    private const string Done = "<!doctype html><title>stockmcp doctor</title><p>Thank you. You can close this page; the examination goes on where you started it.";
    private readonly HttpListener listener = new();
    private readonly int port;

    /// <summary>Begins to listen, so that the port stays ours until the browser comes.</summary>
    /// <exception cref="UsageException">Somebody else has the port.</exception>
    public LoopbackListener(int port)
    {
        this.port = port == 0 ? FreePort() : port;
        listener.Prefixes.Add($"http://127.0.0.1:{this.port}/");
        try
        {
            listener.Start();
        }
        catch (HttpListenerException)
        {
            throw new UsageException($"Port {this.port} is taken. Name another with --redirect-port.");
        }
    }

    public Uri RedirectUri => new($"http://127.0.0.1:{port}{Path}");

    /// <summary>Waits for the answer to a request. Whatever else comes to this port is sent away.</summary>
    /// <returns>Its parameters, or <see langword="null"/> if nobody came in time.</returns>
    public async Task<IReadOnlyDictionary<string, string>?> WaitAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        using var clock = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(clock.Token, cancellationToken);
        await using var registration = either.Token.Register(listener.Stop);
        try
        {
            while (true)
            {
                var context = await listener.GetContextAsync();
                var parameters = context.Request.Url is { } url ? Urls.Query(url) : new Dictionary<string, string>();
                var ours = context.Request.Url?.AbsolutePath == Path && context.Request.HttpMethod == "GET" && (parameters.ContainsKey("code") || parameters.ContainsKey("error"));
                await AnswerAsync(context.Response, ours);
                // An answer with another state is an answer all the same: the check says that it is wrong.
                if (ours) return parameters;
            }
        }
        catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }

    public void Dispose() => listener.Close();

    private static async Task AnswerAsync(HttpListenerResponse response, bool ours)
    {
        response.StatusCode = ours ? 200 : 404;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers["Cache-Control"] = "no-store";
        response.Headers["Referrer-Policy"] = "no-referrer";
        await response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(ours ? Done : ""), CancellationToken.None);
        response.Close();
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
