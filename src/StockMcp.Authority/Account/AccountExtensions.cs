using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using OpenIddict.Abstractions;
using StockMcp.Authority.Connections;
using StockMcp.Authority.Consent;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.Tokens;
using StockMcp.Authority.Vault;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Account;

/// <summary>The page on which a person sees their connections, agents and sessions, and ends them (AS-17), and takes their data away or deletes it (DM-01).</summary>
public static class AccountExtensions
{
    private const string Page = "/account";

    /// <summary>Adds what the page shows.</summary>
    public static void AddAccount(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddScoped<AccountView>();
        builder.Services.AddScoped<PersonalData>();
    }

    /// <summary><c>/account</c>.</summary>
    public static void MapAccount(this IEndpointRouteBuilder routes)
    {
        var account = routes.MapGroup(Page).RequireAuthorization();
        account.MapGet("", async (ClaimsPrincipal user, AccountView view, CancellationToken cancellationToken) => new RazorComponentResult<AccountPage>(await view.ReadAsync(user, cancellationToken)));
        account.MapPost("/agents/sign-out", SignOutAgentAsync);
        account.MapPost("/connections/disconnect", DisconnectAsync);
        account.MapPost("/notices/dismiss", DismissAsync);
        account.MapPost("/connections/use", UseAsync);
        account.MapPost("/sessions/sign-out", SignOutSessionAsync);
        account.MapGet("/export", ExportAsync);
        account.MapGet("/delete", (ClaimsPrincipal user) => Delete(user, unsure: false));
        account.MapPost("/delete", DeleteAsync);
        routes.MapGet(Page + "/deleted", () => new RazorComponentResult<ProblemPage>(new { Title = "Your data is deleted", Text = "Your accounts are disconnected, and your agents signed out. To come back, sign in again: you start anew." }));
    }

    private static async Task<RedirectHttpResult> SignOutAgentAsync(ClaimsPrincipal user, ConsentStore consents, [FromForm] string clientId, CancellationToken cancellationToken)
    {
        await consents.RevokeAsync(user.PersonId(), clientId, cancellationToken);
        return TypedResults.LocalRedirect(Page);
    }

    private static async Task<Results<RedirectHttpResult, NotFound>> DisconnectAsync(ClaimsPrincipal user, TokenVault vault, ConnectionTable connections, [FromForm] Guid account, CancellationToken cancellationToken)
        => await vault.DisconnectAsync(user.PersonId(), account, connections, cancellationToken) ? TypedResults.LocalRedirect(Page) : TypedResults.NotFound();

    private static async Task<RedirectHttpResult> DismissAsync(ClaimsPrincipal user, EndedSignIns ended, [FromForm] string dismiss, CancellationToken cancellationToken)
    {
        if (dismiss == "all") await ended.DismissAsync(user.PersonId(), cancellationToken);
        return TypedResults.LocalRedirect(Page);
    }

    private static async Task<Results<RedirectHttpResult, NotFound>> UseAsync(ClaimsPrincipal user, TokenVault vault, [FromForm] Guid account, CancellationToken cancellationToken)
        => await vault.UseAsync(user.PersonId(), account, cancellationToken) ? TypedResults.LocalRedirect(Page) : TypedResults.NotFound();

    // Without a session it is all of them. The next page asks to sign in again if this one was among them.
    private static async Task<Results<RedirectHttpResult, NotFound>> SignOutSessionAsync(ClaimsPrincipal user, SessionCookie sessions, [FromForm] Guid? session, CancellationToken cancellationToken)
        => await sessions.SignOutAsync(user.PersonId(), session, cancellationToken) ? TypedResults.LocalRedirect(session is null ? "/" : Page) : TypedResults.NotFound();

    private static async Task<FileContentHttpResult> ExportAsync(ClaimsPrincipal user, PersonalData data, CancellationToken cancellationToken)
        => TypedResults.Bytes(await data.ExportAsync(user.PersonId(), cancellationToken), "application/json", "stockmcp-data.json");

    private static RazorComponentResult<DeletePage> Delete(ClaimsPrincipal user, bool unsure) => new(new { Person = user.GetClaim(Claims.Name)!, Unsure = unsure });

    private static async Task<IResult> DeleteAsync(HttpContext context, ClaimsPrincipal user, PersonalData data, [FromForm] string? sure, CancellationToken cancellationToken)
    {
        if (sure is null) return Delete(user, unsure: true);
        await data.DeleteAsync(user.PersonId(), cancellationToken);
        await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        return TypedResults.LocalRedirect(Page + "/deleted");
    }
}
