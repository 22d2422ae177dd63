using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.SignIn;
using StockMcp.Hosting;

namespace StockMcp.Authority.ApprovalPages;

/// <summary><c>GET /approvals/events</c>: server-sent events of a person's approvals, for the pages that they have open. Each says how all of them stand, so that none can be missed.</summary>
internal static class ApprovalEvents
{
    // Should a change be missed; a time that runs out is one that nobody raises.
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromSeconds(5);
    // Proxies close what is silent.
    private static readonly TimeSpan s_keepAlive = TimeSpan.FromSeconds(15);

    public static async Task StreamAsync(
        HttpContext context, ClaimsPrincipal user, OpenPages pages, ApprovalSignals signals, IServiceScopeFactory scopes, TimeProvider time, IHostApplicationLifetime application, CancellationToken cancellationToken)
    {
        var personId = user.PersonId();
        using var place = pages.TryOpen(personId);
        if (place is null)
        {
            Budget.Refuse(context, 60);
            return;
        }
        var until = (await context.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme)).Properties?.ExpiresUtc ?? time.GetUtcNow() + SessionCookie.Idle;
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, application.ApplicationStopping);
        using var subscription = signals.Subscribe(personId);
        try
        {
            await context.Response.WriteAsync("retry: 3000\n\n", ends.Token);
            var (said, spoke) = ("", time.GetUtcNow());
            while (true)
            {
                // The session may end at any time, and with it all that it may see.
                await using var scope = scopes.CreateAsyncScope();
                if (time.GetUtcNow() >= until || !await scope.ServiceProvider.GetRequiredService<SessionCookie>().GoesOnAsync(user, ends.Token))
                {
                    await context.Response.WriteAsync("event: signed-out\ndata: {}\n\n", ends.Token);
                    return;
                }
                var now = await SayAsync(scope.ServiceProvider, personId, ends.Token);
                if (now != said) await context.Response.WriteAsync($"data: {now}\n\n", ends.Token);
                else if (time.GetUtcNow() - spoke >= s_keepAlive) await context.Response.WriteAsync(": still here\n\n", ends.Token);
                if (now != said || time.GetUtcNow() - spoke >= s_keepAlive) spoke = time.GetUtcNow();
                said = now;
                await context.Response.Body.FlushAsync(ends.Token);
                await subscription.WaitAsync(s_lookAgain, time, ends.Token);
            }
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // The page was closed, or we stop: it comes back by itself.
        }
    }

    private static async Task<string> SayAsync(IServiceProvider services, Guid personId, CancellationToken cancellationToken)
    {
        var view = services.GetRequiredService<ApprovalView>();
        var approvals = await services.GetRequiredService<ApprovalStore>().ListAsync(personId, ApprovalView.Most, cancellationToken);
        return JsonSerializer.Serialize(new Standing(
            [.. approvals.Select(approval => new Known(approval.Id, view.VersionOf(approval)))],
            [.. approvals.Where(approval => view.StateOf(approval) == ApprovalState.Pending).Select(approval => new Waiting(approval.Id, view.TermsOf(approval).Title, ApprovalExtensions.PageOf(approval.Id)))]));
    }

    private sealed record Standing([property: JsonPropertyName("approvals")] IReadOnlyList<Known> Approvals, [property: JsonPropertyName("pending")] IReadOnlyList<Waiting> Pending);

    private sealed record Known([property: JsonPropertyName("id")] Guid Id, [property: JsonPropertyName("version")] string Version);

    private sealed record Waiting([property: JsonPropertyName("id")] Guid Id, [property: JsonPropertyName("title")] string Title, [property: JsonPropertyName("path")] string Path);
}
