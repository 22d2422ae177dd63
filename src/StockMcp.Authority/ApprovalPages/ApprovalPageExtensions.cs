using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.AuthorizationDetails;
using StockMcp.Authority.Database;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.WebPush;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.ApprovalPages;

/// <summary>The pages on which a person decides what their agents may do: the only place where anything is approved.</summary>
public static class ApprovalPageExtensions
{
    internal const string Page = "/approvals";
    internal const string Decision = "decision";
    internal const string Approve = "approve";
    internal const string Deny = "deny";
    internal const string DenyAndStop = "deny-and-stop";

    /// <summary>Adds what the pages show; needs approvals.</summary>
    public static void AddApprovalPages(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddScoped<ApprovalView>();
        builder.Services.AddScoped<ApprovalChoices>();
        builder.Services.AddSingleton<OpenPages>();
    }

    /// <summary><c>/approvals</c>, <c>/approvals/{id}</c> and what happens on them.</summary>
    public static void MapApprovalPages(this IEndpointRouteBuilder routes)
    {
        var pages = routes.MapGroup(Page).RequireAuthorization();
        pages.MapGet("", ListAsync);
        pages.MapGet("/{id:guid}", ShowAsync);
        pages.MapGet("/events", ApprovalEvents.StreamAsync).WithMetadata(new AsksByItself());
        var forms = pages.MapGroup("").AddEndpointFilter<RouteGroupBuilder, FormOrigin>().DisableAntiforgery(); // the filter checks it, with an answer for people
        forms.MapPost("/{id:guid}", DecideAsync);
        forms.MapPost("/{id:guid}/withdraw", WithdrawAsync);
        forms.MapPost("/{id:guid}/sign-in", SignInAgainAsync);
        forms.MapPost("/mail", SetMailAsync);
        forms.MapPost("/push", PushPages.SubscribeAsync);
        forms.MapPost("/push/remove", PushPages.RemoveAsync);
    }

    private static async Task<RazorComponentResult<ApprovalListPage>> ListAsync(ClaimsPrincipal user, ApprovalView view, ApprovalStore approvals, ApprovalChoices choices, AuthorityDbContext database, BrowserSubscriptions subscriptions, VapidKeys vapid, CancellationToken cancellationToken)
    {
        var personId = user.PersonId();
        var (shown, waiting) = (new List<ShownApproval>(), new List<(Approval, Terms)>());
        foreach (var approval in await approvals.ListAsync(personId, ApprovalView.Most, cancellationToken))
        {
            shown.Add(await view.ShowAsync(approval, cancellationToken));
            if (shown[^1].IsPending) waiting.Add((approval, shown[^1].Terms));
        }
        var person = await database.Set<Person>().AsNoTracking().FirstAsync(person => person.Id == personId, cancellationToken);
        return new(new
        {
            Person = user.GetClaim(Claims.Name)!,
            Approvals = (IReadOnlyList<ShownApproval>)shown,
            Choices = await choices.ReadAsync(user, waiting, cancellationToken),
            person.Email,
            MailOn = !person.MailOff,
            Browsers = (IReadOnlyList<BrowserSubscription>)await subscriptions.ListAsync(personId, cancellationToken),
            PushKey = (await vapid.GetAsync(cancellationToken)).PublicKey,
        });
    }

    private static async Task<IResult> ShowAsync(
        Guid id, ClaimsPrincipal user, ApprovalStore approvals, ApprovalView view, ApprovalChoices choices, CancellationToken cancellationToken)
    {
        if (await approvals.FindAsync(id, cancellationToken) is not { } approval || approval.PersonId != user.PersonId()) return NotYours();
        var shown = await view.ShowAsync(approval, cancellationToken);
        return new RazorComponentResult<ApprovalPage>(new { Person = user.GetClaim(Claims.Name)!, Approval = shown, Choice = (await choices.ReadAsync(user, [(approval, shown.Terms)], cancellationToken))[id] });
    }

    private static async Task<IResult> DecideAsync(Guid id, ClaimsPrincipal user, HttpContext context, ApprovalStore approvals, SessionCookie sessions, ApprovalChoices choices, CancellationToken cancellationToken)
    {
        var decision = (await context.Request.ReadFormAsync(cancellationToken))[Decision].ToString();
        if (decision is not (Approve or Deny or DenyAndStop)) return Problem("Nothing was decided", "Press one of the buttons of the page.", StatusCodes.Status400BadRequest);
        if (!await sessions.IsFreshAsync(user, cancellationToken)) return await SignInAgainAsync(id, user, approvals, choices, cancellationToken);
        return await approvals.DecideAsync(user.PersonId(), id, approve: decision == Approve, stopAsking: decision == DenyAndStop, cancellationToken) is DecideOutcome.NotFound ? NotYours() : Back(id);
    }

    private static async Task<IResult> WithdrawAsync(Guid id, ClaimsPrincipal user, ApprovalStore approvals, CancellationToken cancellationToken)
        => await approvals.WithdrawAsync(user.PersonId(), id, cancellationToken) is DecideOutcome.NotFound ? NotYours() : Back(id);

    // AP-02: the decision comes only after it, on the page to which they come back.
    private static async Task<IResult> SignInAgainAsync(Guid id, ClaimsPrincipal user, ApprovalStore approvals, ApprovalChoices choices, CancellationToken cancellationToken)
        => await approvals.FindAsync(id, cancellationToken) is { } approval && approval.PersonId == user.PersonId()
            ? SignInExtensions.SignInAgain(await choices.FindConnectionAsync(approval.PersonId, cancellationToken), approval.PersonId, ApprovalExtensions.PageOf(id))
            : NotYours();

    private static async Task<IResult> SetMailAsync(ClaimsPrincipal user, HttpContext context, AuthorityDbContext database, CancellationToken cancellationToken)
    {
        var (personId, off) = (user.PersonId(), (await context.Request.ReadFormAsync(cancellationToken))["mail"] != "on");
        await database.Set<Person>().Where(person => person.Id == personId).ExecuteUpdateAsync(set => set.SetProperty(person => person.MailOff, off), cancellationToken);
        return Results.LocalRedirect(Page);
    }

    // The back button and a reload send nothing again; and where it was decided before, the page says so.
    private static IResult Back(Guid id) => Results.LocalRedirect(ApprovalExtensions.PageOf(id));

    // Somebody else's answers exactly like one that does not exist.
    private static RazorComponentResult<ProblemPage> NotYours() => Problem("There is nothing here for you to decide", "A request for approval can be seen and decided only by the person whom it is for.", StatusCodes.Status403Forbidden);

    private static RazorComponentResult<ProblemPage> Problem(string title, string text, int status) => new(new { Title = title, Text = text }) { StatusCode = status };
}
