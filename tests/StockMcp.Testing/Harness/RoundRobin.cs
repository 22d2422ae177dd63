using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace StockMcp.Testing.Harness;

/// <summary>Stands at an application's public URL and sends each request to the next of its copies, so that nothing which belongs together stays on one.</summary>
internal sealed class RoundRobin : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly HttpMessageInvoker http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None, UseCookies = false });
    private readonly ConcurrentDictionary<Uri, int> counts = new();
    private uint next;

    private RoundRobin(WebApplication app) => this.app = app;

    /// <summary>How many requests each copy got.</summary>
    public IReadOnlyDictionary<Uri, int> Counts => counts;

    /// <summary>What happens before each request is sent on.</summary>
    public Func<Task> Before { get; set; } = () => Task.CompletedTask;

    public static async Task<RoundRobin> StartAsync(Uri publicUrl, IReadOnlyList<Uri> copies)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls(publicUrl.AbsoluteUri);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        builder.Logging.ClearProviders();
        builder.Services.AddHttpForwarder();
        var front = new RoundRobin(builder.Build());
        var forwarder = front.app.Services.GetRequiredService<IHttpForwarder>();
        front.app.Run(async context =>
        {
            await front.Before();
            var copy = copies[(int)(Interlocked.Increment(ref front.next) % copies.Count)];
            front.counts.AddOrUpdate(copy, 1, (_, count) => count + 1);
            await forwarder.SendAsync(context, copy.AbsoluteUri, front.http, ForwarderRequestConfig.Empty, HttpTransformer.Default);
        });
        await front.app.StartAsync();
        return front;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        http.Dispose();
    }
}
