using System.Security.Claims;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http.HttpResults;
using StockMcp.Agent.Grants;
using StockMcp.Agent.SignIn;
using StockMcp.Hosting;

namespace StockMcp.Agent.Chats;

/// <summary>Conversations with the person who is signed in: <c>/chats</c>.</summary>
public static class ChatExtensions
{
    private const int LongestMessage = 4000;
    private const int MessagesPerMinute = 30;
    private const string EventStream = "text/event-stream";

    /// <summary>Adds them.</summary>
    public static void AddChats(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddScoped<ChatStore>();
        builder.Services.AddScoped<ChatTools>();
        builder.Services.AddScoped<ChatTurn>();
        builder.Services.AddScoped<ApprovalWatch>();
        builder.Services.AddSingleton<TurnRunner>();
        builder.Services.AddSingleton(new MessageBudget(Budget.PerMinute(MessagesPerMinute)));
    }

    /// <summary>The pages and what happens on them.</summary>
    public static void MapChats(this IEndpointRouteBuilder routes)
    {
        var pages = routes.MapGroup("/chats").RequireAuthorization();
        pages.MapGet("", ListAsync);
        pages.MapGet("/{id:guid}", ShowAsync);
        var forms = pages.MapGroup("").AddEndpointFilter<RouteGroupBuilder, FormCheck>().DisableAntiforgery();
        forms.MapPost("", CreateAsync);
        forms.MapPost("/{id:guid}/messages", SayAsync);
        forms.MapPost("/{id:guid}/resume", ResumeAsync);
        forms.MapPost("/{id:guid}/delete", async (Guid id, ClaimsPrincipal user, ChatStore chats, CancellationToken cancellationToken)
            => await chats.DeleteAsync(user.Subject(), id, cancellationToken) ? Results.LocalRedirect("/chats") : NotFound());
    }

    private static async Task<RazorComponentResult<ChatListPage>> ListAsync(ClaimsPrincipal user, ChatStore chats, GrantStore grants, ChatModel.AnsweringModel model, CancellationToken cancellationToken)
    {
        var grant = await grants.FindAsync(user.Subject(), cancellationToken);
        return new(new { Person = NameOf(grant), Chats = (IReadOnlyList<Chat>)await chats.ListAsync(user.Subject(), cancellationToken), Model = model, SignedOut = grant?.EndedAt is not null });
    }

    private static async Task<IResult> ShowAsync(Guid id, ClaimsPrincipal user, ChatStore chats, ApprovalWatch approvals, GrantStore grants, ChatModel.AnsweringModel model, TimeProvider time, CancellationToken cancellationToken)
    {
        var subject = user.Subject();
        if (await chats.FindAsync(subject, id, cancellationToken) is not { } chat) return NotFound();
        var entries = await chats.EntriesAsync(id, cancellationToken);
        if (await approvals.LookAsync(subject, new Conversation(entries).Cards, cancellationToken)) entries = await chats.EntriesAsync(id, cancellationToken);
        return new RazorComponentResult<ChatPage>(new
        {
            Person = NameOf(await grants.FindAsync(subject, cancellationToken)),
            Chat = chat,
            Entries = (IReadOnlyList<ChatEntry>)entries,
            Conversation = new Conversation(entries),
            IsBusy = chat.BusyUntil > time.GetUtcNow(),
            Model = model,
        });
    }

    private static async Task<IResult> CreateAsync(HttpRequest request, ClaimsPrincipal user, ChatStore chats, MessageBudget budget, CancellationToken cancellationToken)
    {
        if (!TryRead(await request.ReadFormAsync(cancellationToken), out var message)) return Results.LocalRedirect("/chats");
        return budget.Messages.TryTake(user.Subject()) ? Results.LocalRedirect($"/chats/{(await chats.CreateAsync(user.Subject(), message, cancellationToken)).Id}") : TooMany(request.HttpContext);
    }

    private static async Task<IResult> SayAsync(Guid id, HttpContext context, ClaimsPrincipal user, ChatStore chats, ChatTurn turns, TurnRunner runner, MessageBudget budget, CancellationToken cancellationToken)
    {
        if (!TryRead(await context.Request.ReadFormAsync(cancellationToken), out var message)) return Results.LocalRedirect($"/chats/{id}");
        var subject = user.Subject();
        if (await chats.FindAsync(subject, id, cancellationToken) is null) return NotFound();
        if (!budget.Messages.TryTake(subject)) return TooMany(context);
        if (await chats.TakeAsync(subject, id, turns.Step, cancellationToken) is not { } turn) return Busy();
        // From here on it happens, whether the page stays open or not.
        await turns.DropInterruptedAsync(id, CancellationToken.None);
        await chats.AppendAsync(id, new(Microsoft.Extensions.AI.ChatRole.User, message), CancellationToken.None);
        return await FollowAsync(context, id, runner.Start(subject, id, turn));
    }

    private static async Task<IResult> ResumeAsync(Guid id, HttpContext context, ClaimsPrincipal user, ChatStore chats, ChatTurn turns, TurnRunner runner, CancellationToken cancellationToken)
    {
        var subject = user.Subject();
        if (await chats.FindAsync(subject, id, cancellationToken) is null) return NotFound();
        return await chats.TakeAsync(subject, id, turns.Step, cancellationToken) is { } turn ? await FollowAsync(context, id, runner.Start(subject, id, turn)) : Busy();
    }

    // Server-sent events for a page's script; for a browser without, the page once the turn is over.
    private static async Task<IResult> FollowAsync(HttpContext context, Guid id, ChannelReader<TurnEvent> events)
    {
        var stream = context.Request.Headers.Accept.ToString().Contains(EventStream, StringComparison.Ordinal);
        if (stream)
        {
            context.Response.ContentType = EventStream;
            context.Response.Headers["X-Accel-Buffering"] = "no";
        }
        try
        {
            await foreach (var told in events.ReadAllAsync(context.RequestAborted))
            {
                if (!stream) continue;
                await context.Response.WriteAsync($"event: {told.Name}\ndata: {JsonSerializer.Serialize(told.Text)}\n\n", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
            if (stream) await context.Response.WriteAsync("event: done\ndata: \"\"\n\n", context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The page was closed; the turn goes on.
        }
        return stream ? Results.Empty : Results.LocalRedirect($"/chats/{id}");
    }

    private static bool TryRead(IFormCollection form, out string message)
    {
        message = form["message"].ToString().Trim();
        if (message.Length > LongestMessage) message = message[..LongestMessage];
        return message.Length > 0;
    }

    internal static string NameOf(Grant? grant) => grant?.Name ?? "You";

    private static RazorComponentResult<ProblemPage> NotFound() => new(new { Title = "There is no such chat", Text = "It was deleted, or it is somebody else's." }) { StatusCode = StatusCodes.Status404NotFound };

    private static RazorComponentResult<ProblemPage> Busy() => new(new { Title = "This chat is being answered", Text = "Another tab asked something here. Wait for its answer, then ask." }) { StatusCode = StatusCodes.Status409Conflict };

    private static RazorComponentResult<ProblemPage> TooMany(HttpContext context)
    {
        Budget.Refuse(context, 60);
        return new(new { Title = "That was a lot", Text = $"You can write {MessagesPerMinute} messages a minute. Wait a little." }) { StatusCode = StatusCodes.Status429TooManyRequests };
    }
}

/// <summary>How much one person may write in a minute.</summary>
internal sealed record MessageBudget(Budget Messages);
