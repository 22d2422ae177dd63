using Microsoft.Extensions.Options;
using ModelContextProtocol.Protocol;
using StockMcp.Hosting;
using StockMcp.ResourceServer.StrictJson;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.Tools;
using StockMcp.Tools.Connections;

namespace StockMcp.Server.Limits;

/// <summary>Who asks too much gets 429 before anything is read or looked up (RL-01); others notice nothing.</summary>
public static class LimitExtensions
{
    private const int TooManyRequests = -32005;
    private const int RetryAfterSeconds = 2;
    private const int OrderRetryAfterSeconds = 10;

    /// <summary>Adds the limits.</summary>
    public static void AddLimits(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<LimitOptions>()
            .BindConfiguration(LimitOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<CallBudgets>();
    }

    /// <summary>Counts a request. Put it behind authentication and before all else.</summary>
    public static void UseLimits(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.Use((context, next) =>
        {
            var budgets = context.RequestServices.GetRequiredService<CallBudgets>();
            if (context.Features.Get<Caller>() is { } caller)
                return budgets.Calls.TryTake($"{caller.Issuer} {caller.Subject}") ? next(context) : RefuseAsync(context, "This person's agents ask too much at once. Go on in a moment, with fewer calls.");
            // A valid token from the same address is not held up by these.
            if (context.Request.Headers.Authorization.Count > 0 && !TokenValidationExtensions.CannotTell(context) && !budgets.InvalidTokens.TryTake(Budget.AddressOf(context)))
                return RefuseAsync(context, "Too many tokens from this address were not valid. Get a new one from the authorization server.");
            return next(context);
        });
    }

    /// <summary>Counts calls that ask a person for an order. Put it behind the check of scopes. Orders are cancelled without it.</summary>
    public static void UseOrderLimit(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.Use((context, next) => context.Features.Get<McpMessage>() is { Method: RequestMethods.ToolsCall, Name: StockToolsExtensions.PlaceOrder } && context.Features.Get<Caller>() is { } caller
            && !context.RequestServices.GetRequiredService<CallBudgets>().Orders.TryTake($"{caller.Issuer} {caller.Subject}")
                ? RefuseAsync(context, "This person's agents ask for too many orders. Wait a minute.", OrderRetryAfterSeconds) : next(context));
    }

    private static Task RefuseAsync(HttpContext context, string words, int retryAfter = RetryAfterSeconds)
    {
        Budget.Refuse(context, retryAfter);
        return JsonRpcRefusal.WriteAsync(context, StatusCodes.Status429TooManyRequests, new(TooManyRequests, words + " Nothing was done.", new { retry_after = retryAfter }));
    }

    private sealed class CallBudgets(IOptions<LimitOptions> options) : IDisposable
    {
        public Budget Calls { get; } = Budget.BurstThenPerMinute(options.Value.BurstPerPerson, options.Value.CallsPerMinuteAndPerson);

        public Budget Orders { get; } = Budget.PerMinute(options.Value.OrdersPerMinuteAndPerson);

        public Budget InvalidTokens { get; } = Budget.PerMinute(options.Value.InvalidTokensPerMinuteAndAddress);

        public void Dispose()
        {
            Calls.Dispose();
            Orders.Dispose();
            InvalidTokens.Dispose();
        }
    }
}
