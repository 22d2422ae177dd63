using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using OpenIddict.Abstractions;
using StockMcp.Authority.ApprovalPages;
using StockMcp.Authority.SignIn;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.TradingLimits;

/// <summary>The page on which a person bounds what agents may order, whoever approves it (OX-07).</summary>
public static class TradingLimitExtensions
{
    internal const string Page = "/account/limits";

    /// <summary><c>/account/limits</c>.</summary>
    public static void MapTradingLimits(this IEndpointRouteBuilder routes)
    {
        var limits = routes.MapGroup(Page).RequireAuthorization();
        limits.MapGet("", async (ClaimsPrincipal user, bool? saved, TradingLimitStore store, CancellationToken cancellationToken)
            => await ShowAsync(user, LimitsForm.Of(await store.ReadAsync(user.PersonId(), cancellationToken)), saved == true, store, cancellationToken));
        limits.MapPost("", SetAsync).AddEndpointFilter<RouteHandlerBuilder, FormOrigin>().DisableAntiforgery(); // the filter checks it, with an answer for people
    }

    private static async Task<IResult> SetAsync(ClaimsPrincipal user, HttpContext context, TradingLimitStore store, CancellationToken cancellationToken)
    {
        var sent = await context.Request.ReadFormAsync(cancellationToken);
        var written = new LimitsForm
        {
            Trading = sent.ContainsKey(nameof(LimitsForm.Trading)),
            LargestOrder = sent[nameof(LimitsForm.LargestOrder)].ToString(),
            LargestDailyTotal = sent[nameof(LimitsForm.LargestDailyTotal)].ToString(),
            AllowedSymbols = sent[nameof(LimitsForm.AllowedSymbols)].ToString(),
            DeniedSymbols = sent[nameof(LimitsForm.DeniedSymbols)].ToString(),
        };
        if (written.Read(user.PersonId(), out var form) is not { } limit) return await ShowAsync(user, form, saved: false, store, cancellationToken);
        await store.SetAsync(limit, cancellationToken);
        return Results.LocalRedirect(Page + "?saved=true");
    }

    private static async Task<RazorComponentResult<LimitsPage>> ShowAsync(ClaimsPrincipal user, LimitsForm form, bool saved, TradingLimitStore store, CancellationToken cancellationToken)
        => new(new { Person = user.GetClaim(Claims.Name)!, Form = form, Saved = saved, UsedToday = await store.UsedTodayAsync(user.PersonId(), cancellationToken) })
        {
            StatusCode = form.Mistakes.Count > 0 ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK,
        };
}
