using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using StockMcp.Testing.Harness;

namespace StockMcp.EndToEnd.Tests.Conformance;

/// <summary>
/// Stands before the Server for a client that sends no token: adds one, and puts the Server's address where the client wrote the
/// proxy's. Everything else, a foreign host or origin above all, goes through as it came.
/// </summary>
internal sealed class TokenProxy : IAsyncDisposable
{
    private static readonly string[] NotForwarded = ["Host", "Origin", "Connection", "Transfer-Encoding", "Content-Length", "Content-Type", "Authorization"];
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
    private readonly WebApplication app;
    private readonly Uri server;
    private readonly string token;
    private readonly string own;

    private TokenProxy(Uri server, string token)
    {
        (this.server, this.token) = (server, token);
        own = $"localhost:{FreePorts.Take()}";
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://" + own);
        builder.Services.AddRoutingCore();
        app = builder.Build();
        app.Run(ForwardAsync);
    }

    public Uri Url => new($"http://{own}{server.AbsolutePath}");

    public static async Task<TokenProxy> StartAsync(Uri server, string token)
    {
        var proxy = new TokenProxy(server, token);
        await proxy.app.StartAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        http.Dispose();
    }

    private async Task ForwardAsync(HttpContext context)
    {
        var incoming = context.Request;
        using var request = new HttpRequestMessage(new HttpMethod(incoming.Method), new Uri(server, incoming.Path + incoming.QueryString));
        foreach (var header in incoming.Headers.Where(header => !NotForwarded.Contains(header.Key, StringComparer.OrdinalIgnoreCase))) request.Headers.TryAddWithoutValidation(header.Key, [.. header.Value]);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Host = Readdress(incoming.Headers.Host.ToString());
        if (incoming.Headers.Origin.ToString() is { Length: > 0 } origin) request.Headers.TryAddWithoutValidation("Origin", Readdress(origin));
        if (incoming.ContentLength > 0 || incoming.Headers.ContainsKey("Transfer-Encoding"))
        {
            request.Content = new StreamContent(incoming.Body);
            if (incoming.ContentType is { } type) request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        foreach (var header in response.Headers.Concat(response.Content.Headers).Where(header => header.Key is not ("Transfer-Encoding" or "Content-Length"))) context.Response.Headers[header.Key] = header.Value.ToArray();
        await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private string Readdress(string value) => value.Replace(own, server.Authority, StringComparison.OrdinalIgnoreCase);
}
