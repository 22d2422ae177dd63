using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using StockMcp.Hosting.Flow;

namespace StockMcp.Server.Flow;

/// <summary>The page <c>/flow</c>: every request between client, Server, Authority and Brokerage as it happens, with its tokens explained. In Development alone.</summary>
public static class FlowPages
{
    internal const string Page = "/flow";
    internal const string Callback = Page + "/callback";

    /// <summary>Adds the story, where requests are recorded.</summary>
    public static void AddFlowPages(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (!IsOn(builder.Environment, builder.Services)) return;
        builder.Services.AddHttpClient(FlowStory.HttpClientName).ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
        builder.Services.AddSingleton<FlowStory>();
    }

    /// <summary><c>/flow</c>, where requests are recorded; nothing elsewhere.</summary>
    public static void MapFlowPages(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        if (!app.Environment.IsDevelopment() || app.Services.GetService<FlowStory>() is null) return;
        var pages = app.MapGroup("").AllowAnonymous();
        pages.MapGet(Page, (FlowStory story) => new RazorComponentResult<FlowPage>(new { story.SignInHint }));
        pages.MapGet(Page + "/events", EventsAsync);
        pages.MapPost(Page + "/clear", (HttpContext context, FlowRecorder recorder) =>
        {
            if (IsForeign(context)) return Results.StatusCode(StatusCodes.Status403Forbidden);
            recorder.Clear();
            return Results.LocalRedirect(Page);
        });
        pages.MapPost(Page + "/show-me", async (HttpContext context, FlowStory story, CancellationToken cancellationToken) =>
        {
            if (IsForeign(context)) return Results.StatusCode(StatusCodes.Status403Forbidden);
            await story.BeginAsync(cancellationToken);
            return Results.LocalRedirect(Page);
        });
        pages.MapGet(Callback, (string? code, string? state, string? error, FlowStory story) =>
        {
            story.Continue(code, state, error);
            return Results.LocalRedirect(Page);
        });
    }

    private static bool IsOn(IHostEnvironment environment, IServiceCollection services) => environment.IsDevelopment() && services.Any(service => service.ServiceType == typeof(FlowRecorder));

    private static bool IsForeign(HttpContext context) => context.Request.Headers["Sec-Fetch-Site"].ToString() is not ("" or "same-origin");

    private static async Task EventsAsync(HttpContext context, FlowRecorder recorder, FlowStory story, IHostApplicationLifetime application)
    {
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, application.ApplicationStopping);
        context.Response.ContentType = "text/event-stream";
        var known = long.TryParse(context.Request.Headers["Last-Event-ID"], out var last) ? last : 0;
        try
        {
            while (true)
            {
                var (calls, first, version, changed) = recorder.Since(known);
                var data = new JsonObject { ["calls"] = calls, ["first"] = first, ["story"] = story.ToJson() };
                await context.Response.WriteAsync($"id: {version}\ndata: {data.ToJsonString()}\n\n", ends.Token);
                await context.Response.Body.FlushAsync(ends.Token);
                known = version;
                await changed.WaitAsync(ends.Token);
            }
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // The page was closed, or we stop.
        }
    }
}
