using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using StockMcp.Authority.ApprovalPages;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.SignIn;
using StockMcp.AuthorizationServer.RichAuthorization;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace StockMcp.Authority.Mandates;

/// <summary>Bounds within which an agent orders without a tap for each order: granted by the person on pages of ours, counted down by each order, and ended by them at once.</summary>
public static class MandateExtensions
{
    internal const string Page = "/account/mandates";
    internal const string NewPage = Page + "/new";
    internal const string Step = "step";
    internal const string Review = "review";
    internal const string Grant = "grant";
    internal const string Change = "change";

    internal static string PageOf(Guid id) => $"{Page}#{id}";

    /// <summary>Adds the store, the pages' view, and the check of what agents push.</summary>
    public static void AddMandates(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddScoped<MandateStore>();
        builder.Services.AddScoped<MandateView>();
        builder.Services.AddOpenIddict().AddServer(server => server.AddEventHandler(PushedDetails.Descriptor));
    }

    /// <summary><c>/account/mandates</c>.</summary>
    public static void MapMandates(this IEndpointRouteBuilder routes)
    {
        var pages = routes.MapGroup(Page).RequireAuthorization();
        pages.MapGet("", async (ClaimsPrincipal user, MandateView view, CancellationToken cancellationToken)
            => new RazorComponentResult<MandateListPage>(new { Person = user.GetClaim(Claims.Name)!, Mandates = await view.ListAsync(user.PersonId(), cancellationToken) }));
        pages.MapGet("/new", async (ClaimsPrincipal user, HttpContext context, MandateView view, TimeProvider time, CancellationToken cancellationToken)
            => Show(user, MandateForm.Of(name => context.Request.Query.TryGetValue(name, out var value) ? value.ToString() : null, time.GetUtcNow()), await view.AgentsAsync(user.PersonId(), cancellationToken)));
        var forms = pages.MapGroup("").AddEndpointFilter<RouteGroupBuilder, FormOrigin>().DisableAntiforgery(); // the filter checks it, with an answer for people
        forms.MapPost("/new", WriteAsync);
        forms.MapPost("/end", async (ClaimsPrincipal user, HttpContext context, ApprovalStore approvals, CancellationToken cancellationToken) =>
        {
            // One that is over already is over: the page says so.
            if (Guid.TryParse((await context.Request.ReadFormAsync(cancellationToken))["mandate"], out var id)) await approvals.RevokeMandateAsync(user.PersonId(), id, cancellationToken);
            return Results.LocalRedirect(Page);
        });
    }

    // Written, read back in words, and granted: the same fields each time, checked each time.
    private static async Task<IResult> WriteAsync(
        ClaimsPrincipal user, HttpContext context, MandateStore mandates, MandateView view, SessionCookie sessions, ApprovalChoices choices, TimeProvider time, CancellationToken cancellationToken)
    {
        var sent = await context.Request.ReadFormAsync(cancellationToken);
        var agents = await view.AgentsAsync(user.PersonId(), cancellationToken);
        var terms = MandateForm.Of(name => sent.TryGetValue(name, out var value) ? value.ToString() : null, time.GetUtcNow()).Read([.. agents.Select(agent => agent.ClientId)], time.GetUtcNow(), out var form);
        if (terms is null || sent[Step] == Change) return Show(user, form, agents);
        if (sent[Step] != Grant)
            return new RazorComponentResult<MandateReviewPage>(new { Person = user.GetClaim(Claims.Name)!, Terms = mandates.Render(terms), Agent = agents.First(agent => agent.ClientId == terms.Agent).Name, Form = form });
        // AP-02
        if (!await sessions.IsFreshAsync(user, cancellationToken)) return SignInExtensions.SignInAgain(await choices.FindConnectionAsync(user.PersonId(), cancellationToken), user.PersonId(), form.Link);
        return await mandates.GrantAsync(user.PersonId(), terms, cancellationToken) is { } granted
            ? Results.LocalRedirect(PageOf(granted.Id))
            : new RazorComponentResult<ProblemPage>(new { Title = "You have too many mandates", Text = $"There are {MandateStore.Most} at most. End one that you do not need, and grant this one again." }) { StatusCode = StatusCodes.Status409Conflict };
    }

    private static RazorComponentResult<MandateFormPage> Show(ClaimsPrincipal user, MandateForm form, IReadOnlyList<MandateAgent> agents)
        => new(new { Person = user.GetClaim(Claims.Name)!, Form = form, Agents = agents }) { StatusCode = form.Mistakes.Count > 0 ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK };

    // RFC 9396, section 5: who pushes what cannot be granted hears of it before the person does.
    private sealed class PushedDetails(MandateStore mandates) : IOpenIddictServerHandler<ValidatePushedAuthorizationRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ValidatePushedAuthorizationRequestContext>()
            .UseScopedHandler<PushedDetails>().SetOrder(OpenIddictServerHandlers.Authentication.ValidatePushedScopes.Descriptor.Order + 1).SetType(OpenIddictServerHandlerType.Custom).Build();

        public ValueTask HandleAsync(ValidatePushedAuthorizationRequestContext context)
        {
            if ((string?)context.Request[AuthorizationDetailsClaims.AuthorizationDetails] is { } details && mandates.Read(details, context.ClientId!, out var mistake) is null)
                context.Reject(AuthorizationDetailsClaims.InvalidAuthorizationDetails, mistake);
            return ValueTask.CompletedTask;
        }
    }
}
