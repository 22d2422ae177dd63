using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using StockMcp.Testing.Secrets;

namespace StockMcp.Testing.Harness;

/// <summary>A request that reached an application, and how it was answered.</summary>
internal sealed record ProbedRequest(string Method, string Path, string? Token, int Status, string ContentType, string Answer)
{
    /// <summary>Whether it is one of those that hand out tokens: the only answers that may hold one.</summary>
    public bool HandsOutTokens => Path.StartsWith("/connect/", StringComparison.Ordinal);

    public override string ToString() => $"{Method} {Path} -> {Status}";
}

/// <summary>Stands before everything else in an application: sees each request and its answer, and notes each secret that passes.</summary>
internal sealed class RequestProbe(string application, IssuedSecrets secrets) : IStartupFilter
{
    private readonly ConcurrentQueue<ProbedRequest> requests = new();

    /// <summary>The requests so far, health checks and files apart.</summary>
    public IReadOnlyList<ProbedRequest> Requests => [.. requests];

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(RecordAsync);
        next(app);
    };

    private async Task RecordAsync(HttpContext context, RequestDelegate next)
    {
        var path = context.Request.Path.Value ?? "/";
        if (path.StartsWith("/health", StringComparison.Ordinal) || path.StartsWith("/assets/", StringComparison.Ordinal))
        {
            await next(context);
            return;
        }
        var token = AuthenticationHeaderValue.TryParse(context.Request.Headers.Authorization, out var header) ? header.Parameter : null;
        if (context.Request.HasFormContentType) secrets.AddForm(application, await BodyAsync(context.Request));
        secrets.AddAuthorization(application, header);
        using var answer = new TeeStream(context.Response.Body);
        context.Response.Body = answer;
        try
        {
            await next(context);
        }
        finally
        {
            context.Response.Body = answer.Inner;
            var text = answer.Text;
            secrets.AddAnswer(application, context.Response, text);
            requests.Enqueue(new ProbedRequest(context.Request.Method, path, token, context.Response.StatusCode, context.Response.ContentType ?? "", text));
        }
    }

    private static async Task<string> BodyAsync(HttpRequest request)
    {
        request.EnableBuffering();
        using var reader = new StreamReader(request.Body, Encoding.UTF8, leaveOpen: true);
        var body = await reader.ReadToEndAsync(request.HttpContext.RequestAborted);
        request.Body.Position = 0;
        return body;
    }
}
