using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StockMcp.AppHost;
using Yarp.ReverseProxy.Forwarder;

namespace StockMcp.Testing.Harness;

/// <summary>What becomes of an order on its way.</summary>
public enum OrderFault
{
    /// <summary>It goes on, and its answer comes back.</summary>
    None,

    /// <summary>It goes on, and no answer ever comes.</summary>
    NoAnswer,

    /// <summary>It goes on, and the answer is lost: 500 comes in its place.</summary>
    ErrorAfter,

    /// <summary>It does not go on: 500 comes at once.</summary>
    ErrorBefore,

    /// <summary>It does not go on, and no answer ever comes.</summary>
    Lost,

    /// <summary>It goes on, and its answer comes back late: after its delay.</summary>
    Late,
}

/// <summary>Stands before a Brokerage. Everything goes through, only <c>POST /v2/orders</c> meets what a test wants it to meet.</summary>
internal sealed class BrokerageFaults : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly HttpMessageInvoker http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None, UseCookies = false });
    private readonly ConcurrentQueue<OrderFault> next = new();
    private int received;
    private int passedOn;

    private BrokerageFaults(WebApplication app) => this.app = app;

    /// <summary>The trading API's URL as the Server must know it.</summary>
    public Uri Url => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First().Replace("127.0.0.1", "localhost", StringComparison.Ordinal));

    /// <summary>The Brokerage behind it.</summary>
    public Uri? Brokerage { get; set; }

    /// <summary>What every order meets for which <see cref="Enqueue"/> says nothing else.</summary>
    public OrderFault Always { get; set; }

    /// <summary>How long the answer of a <see cref="OrderFault.Late"/> one takes.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How many orders came.</summary>
    public int Received => Volatile.Read(ref received);

    /// <summary>How many orders the Brokerage got, and has answered.</summary>
    public int PassedOn => Volatile.Read(ref passedOn);

    /// <summary>What the next orders meet, one after the other.</summary>
    public void Enqueue(params OrderFault[] faults)
    {
        foreach (var fault in faults) next.Enqueue(fault);
    }

    public static async Task<BrokerageFaults> StartAsync(Uri? brokerage = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Services.AddHttpForwarder();
        var faults = new BrokerageFaults(builder.Build()) { Brokerage = brokerage };
        faults.app.Run(faults.HandleAsync);
        await faults.app.StartAsync();
        return faults;
    }

    /// <summary>A system whose Server reaches the Brokerage through this: <c>StockMcpSystem.StartAsync(faults.Before)</c>.</summary>
    public DevelopmentSystemOptions Before(DevelopmentSystemOptions options)
    {
        Brokerage = new Uri($"http://localhost:{options.BrokeragePort}/");
        return options with { ServerSettings = new Dictionary<string, string?>(options.ServerSettings) { ["TradingApi:BaseUrl"] = Url.AbsoluteUri } };
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        http.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        var brokerage = Brokerage ?? throw new InvalidOperationException("There is no Brokerage behind it yet.");
        if (!HttpMethods.IsPost(context.Request.Method) || context.Request.Path != "/v2/orders")
        {
            await context.RequestServices.GetRequiredService<IHttpForwarder>().SendAsync(context, brokerage.AbsoluteUri, http, ForwarderRequestConfig.Empty, OwnHost.Instance);
            return;
        }
        Interlocked.Increment(ref received);
        var fault = next.TryDequeue(out var enqueued) ? enqueued : Always;
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, app.Lifetime.ApplicationStopping);
        var answer = fault is OrderFault.ErrorBefore or OrderFault.Lost ? null : await PassOnAsync(context.Request, brokerage);
        using (answer)
        {
            try
            {
                if (fault is OrderFault.NoAnswer or OrderFault.Lost) await Task.Delay(Timeout.InfiniteTimeSpan, gone.Token);
                if (fault is OrderFault.Late) await Task.Delay(Delay, gone.Token);
                await AnswerAsync(context.Response, fault is OrderFault.None or OrderFault.Late ? answer : null, gone.Token);
            }
            catch (OperationCanceledException) when (gone.IsCancellationRequested)
            {
                // Nobody waits any more.
                context.Abort();
            }
        }
    }

    // An order that went on is not called back when its sender leaves.
    private async Task<HttpResponseMessage> PassOnAsync(HttpRequest order, Uri brokerage)
    {
        using var body = new MemoryStream();
        await order.Body.CopyToAsync(body);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(brokerage, "v2/orders")) { Content = new ByteArrayContent(body.ToArray()) };
        foreach (var (name, values) in order.Headers)
        {
            if (name is "Host" or "Content-Length" or "Transfer-Encoding" or "Connection") continue;
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values)) request.Content.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
        var answer = await http.SendAsync(request, CancellationToken.None);
        await answer.Content.LoadIntoBufferAsync();
        Interlocked.Increment(ref passedOn);
        return answer;
    }

    private static async Task AnswerAsync(HttpResponse response, HttpResponseMessage? answer, CancellationToken cancellationToken)
    {
        response.StatusCode = (int)(answer?.StatusCode ?? HttpStatusCode.InternalServerError);
        if (answer is null) return;
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
        {
            if (name is not ("Transfer-Encoding" or "Connection")) response.Headers[name] = values.ToArray();
        }
        await answer.Content.CopyToAsync(response.Body, cancellationToken);
    }

    // The Brokerage answers under its own name alone.
    private sealed class OwnHost : HttpTransformer
    {
        public static OwnHost Instance { get; } = new();

        public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
            proxyRequest.Headers.Host = null;
        }
    }
}
