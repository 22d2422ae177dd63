using System.Data.Common;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using OpenIddict.Validation.AspNetCore;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.TradingApi;

/// <summary>What the trading and the market data API share: who may call, and how they say no.</summary>
internal static class AlpacaEndpoints
{
    /// <summary>Adds the policies, and refusals in Alpaca's words.</summary>
    public static void AddAlpacaEndpoints(this IServiceCollection services)
    {
        var authorization = services.AddAuthorizationBuilder();
        foreach (var scope in new[] { Policies.AccountRead, Policies.OrdersRead, Policies.Trading })
        {
            authorization.AddPolicy(scope, policy => policy
                .AddAuthenticationSchemes(OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme)
                .RequireAuthenticatedUser()
                .RequireAssertion(context => context.User.HasScope(scope)));
        }
        authorization.AddPolicy(Policies.PublicData, policy => policy
            .AddAuthenticationSchemes(OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme)
            .RequireAssertion(context => context.User.Identity is { IsAuthenticated: true } || context.Resource is HttpContext { Request.Headers.Authorization.Count: 0 }));
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AlpacaAuthorizationResults>();
    }

    /// <summary>A group of endpoints whose refusals are Alpaca's.</summary>
    public static RouteGroupBuilder MapAlpacaGroup(this IEndpointRouteBuilder routes, string policy)
    {
        var group = routes.MapGroup("/v2").RequireAuthorization(policy).WithMetadata(AlpacaRefusals.Instance).DisableAntiforgery();
        group.AddEndpointFilter(RefuseAsync);
        return group;
    }

    /// <summary>The person whose token it is.</summary>
    public static Guid UserId(this HttpContext context) => Guid.Parse(context.User.GetClaim(OpenIddictConstants.Claims.Subject)!);

    private static async ValueTask<object?> RefuseAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        try
        {
            return await next(invocation);
        }
        catch (AlpacaException refusal)
        {
            return refusal.Error.As(refusal.Status);
        }
        catch (TradingException refusal)
        {
            return Refusal(refusal);
        }
        catch (Exception exception) when (exception is DbException or DbUpdateException)
        {
            invocation.HttpContext.Response.Headers.RetryAfter = "1";
            return new AlpacaError(AlpacaError.Unavailable, "the brokerage is busy: try again in a second").As(StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static IResult Refusal(TradingException refusal)
    {
        var (status, code) = refusal.Error switch
        {
            TradingError.NotFound => (StatusCodes.Status404NotFound, AlpacaError.NotFound),
            TradingError.InsufficientBuyingPower or TradingError.InsufficientQuantity => (StatusCodes.Status403Forbidden, AlpacaError.Forbidden),
            TradingError.ApprovalUsed => (StatusCodes.Status409Conflict, AlpacaError.Conflict),
            TradingError.NotCancelable => (StatusCodes.Status422UnprocessableEntity, AlpacaError.Unprocessable),
            _ => (StatusCodes.Status422UnprocessableEntity, AlpacaError.InvalidField),
        };
        return new AlpacaError(code, refusal.Message) { Details = refusal.Details.ToDictionary(detail => detail.Key, detail => (object)detail.Value) }.As(status);
    }

    private sealed class AlpacaRefusals
    {
        public static AlpacaRefusals Instance { get; } = new();
    }

    // Authentication answers 401 and 403 with a header alone; Alpaca's clients read a body.
    private sealed class AlpacaAuthorizationResults : IAuthorizationMiddlewareResultHandler
    {
        private readonly AuthorizationMiddlewareResultHandler inner = new();

        public async Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
        {
            await inner.HandleAsync(next, context, policy, authorizeResult);
            if (authorizeResult.Succeeded || context.Response.HasStarted || context.GetEndpoint()?.Metadata.GetMetadata<AlpacaRefusals>() is null) return;
            var scopes = context.GetEndpoint()!.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(data => data.Policy);
            var error = authorizeResult.Challenged
                ? new AlpacaError(AlpacaError.Unauthorized, "request is not authorized: send a valid access token as Authorization: Bearer")
                : new AlpacaError(AlpacaError.Forbidden, $"forbidden: the access token lacks the scope {string.Join(' ', scopes)}");
            await AlpacaJson.WriteAsync(context.Response, error, context.RequestAborted);
        }
    }
}
