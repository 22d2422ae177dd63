using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace StockMcp.Hosting.Flow;

/// <summary>Sees each request first and its answer last, and hands both on without their secrets. What is no part of the story is left out: files, health, event streams, and this page itself.</summary>
internal sealed class FlowMiddleware(string name, FlowRecorder recorder) : IStartupFilter
{
    private const int LongestBody = 32 * 1024;
    private static readonly string[] s_callers = ["Client", "Agent", "Server", "Authority", "Brokerage"];
    private static readonly string[] s_dull = ["/assets", "/health", "/flow", "/approvals/events", "/approvals/v1/leases", "/favicon.ico", "/live", "/api", "/prices"];

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(RecordAsync);
        next(app);
    };

    private async Task RecordAsync(HttpContext context, RequestDelegate next)
    {
        if (s_dull.Any(path => context.Request.Path.StartsWithSegments(path, StringComparison.Ordinal)))
        {
            await next(context);
            return;
        }
        var (request, tokens) = (context.Request, new List<JsonObject>());
        var asked = new JsonObject { ["headers"] = FlowRedaction.Headers(request.Headers, tokens) };
        if (request.QueryString.HasValue) asked["query"] = FlowRedaction.Form(request.QueryString.Value!, tokens);
        var body = FlowRedaction.Body(request.ContentType, await ReadAsync(request), tokens);
        if (body is not null) asked["body"] = body;
        var path = FlowRedaction.Path(request.Path.Value ?? "/");
        var call = recorder.Begin(CallerOf(request), name, request.Method, path, asked, tokens);
        var inner = context.Response.Body;
        using var tee = new Tee(inner);
        context.Response.Body = tee;
        try
        {
            await next(context);
        }
        finally
        {
            context.Response.Body = inner;
            var (response, answerTokens) = (context.Response, new List<JsonObject>());
            var answered = new JsonObject { ["headers"] = FlowRedaction.Headers(response.Headers, answerTokens) };
            if (FlowRedaction.Body(response.ContentType, tee.Text, answerTokens) is { } answer) answered["body"] = answer;
            recorder.End(call, response.StatusCode, FlowWords.Title(name, request.Method, path, response.StatusCode, body), answered, answerTokens);
        }
    }

    private static string CallerOf(HttpRequest request)
        => request.Headers[FlowExtensions.Caller].ToString() is { Length: > 0 } caller && s_callers.Contains(caller) ? caller
            : request.Headers.Cookie.Count > 0 || request.Headers.ContainsKey("Sec-Fetch-Dest") || request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal) ? "Browser" : "Client";

    private static async Task<string> ReadAsync(HttpRequest request)
    {
        if (request.ContentLength is 0 or > LongestBody || request.HttpContext.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody is not true) return "";
        request.EnableBuffering(2 * LongestBody);
        var body = new byte[LongestBody + 1];
        var length = await request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, request.HttpContext.RequestAborted);
        request.Body.Position = 0;
        return length > LongestBody ? "" : Encoding.UTF8.GetString(body, 0, length);
    }

    /// <summary>Hands on what is written, and keeps the beginning.</summary>
    private sealed class Tee(Stream inner) : Stream
    {
        private readonly MemoryStream copy = new();
        private bool whole = true;

        /// <summary>What was written; nothing if it was longer than is shown.</summary>
        public string Text => whole ? Encoding.UTF8.GetString(copy.GetBuffer(), 0, (int)copy.Length) : "";

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => inner.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override void Write(byte[] buffer, int offset, int count)
        {
            Keep(buffer.AsSpan(offset, count));
            inner.Write(buffer, offset, count);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Keep(buffer.Span);
            return inner.WriteAsync(buffer, cancellationToken);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private void Keep(ReadOnlySpan<byte> bytes)
        {
            if (copy.Length + bytes.Length > LongestBody) whole = false;
            else copy.Write(bytes);
        }
    }
}
