using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Options;
using StockMcp.Authority.Backchannel;
using StockMcp.Authority.ClientMetadataDocuments;
using StockMcp.AuthorizationServer;
using StockMcp.AuthorizationServer.Errors;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Limits;

/// <summary>Who asks too much or too long gets an answer before the database is asked (RL-01, AS-18); others notice nothing.</summary>
public static class LimitExtensions
{
    private const int RetryAfterSeconds = 10;
    private const int LongestScope = 1024;
    private const int MostScopes = 50;
    private const int LongestClientId = 256;

    /// <summary>Adds the limits.</summary>
    public static void AddLimits(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<LimitOptions>()
            .BindConfiguration(LimitOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<RequestBudgets>();
    }

    /// <summary>Counts requests. Put it before the authorization server.</summary>
    public static void UseLimits(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseWhen(context => context.Request.Path.StartsWithSegments("/connect", StringComparison.Ordinal), connect => connect.Use(async (context, next) =>
        {
            var budgets = context.RequestServices.GetRequiredService<RequestBudgets>();
            var isToken = context.Request.Path == AuthorizationServerExtensions.TokenEndpoint || context.Request.Path == BackchannelExtensions.Endpoint;
            if (context.Request.Path == AuthorizationServerExtensions.AuthorizationEndpoint && !budgets.AuthorizationRequests.TryTake(Budget.AddressOf(context)))
            {
                await RefuseAsync(context);
                return;
            }
            var form = HttpMethods.IsPost(context.Request.Method) && context.Request.HasFormContentType ? await context.Request.ReadFormAsync(context.RequestAborted) : null;
            var scope = (form?[Parameters.Scope].ToString() ?? "") is { Length: > 0 } posted ? posted : context.Request.Query[Parameters.Scope].ToString();
            if (scope.Length > LongestScope || scope.AsSpan().Count(' ') >= MostScopes)
            {
                await ErrorPage.WriteAsync(context, Errors.InvalidScope, $"The parameter scope must have at most {LongestScope} characters and {MostScopes} scopes.");
                return;
            }
            if (DocumentOf(context.Request, form) is { } url && !await context.RequestServices.GetRequiredService<MetadataDocuments>().IsKnownAsync(url, context.RequestAborted) && !budgets.NewMetadataDocuments.TryTake(Budget.AddressOf(context)))
            {
                await RefuseAsync(context);
                return;
            }
            if (!isToken)
            {
                await next(context);
                return;
            }
            var who = $"{ClientOf(context.Request, form)} {Budget.AddressOf(context)}";
            if (budgets.TokenFailures.IsSpent(who))
            {
                await RefuseAsync(context);
                return;
            }
            await next(context);
            if (IsFailure(context, form)) budgets.TokenFailures.TryTake(who);
        }));
    }

    // A wrong secret is a failure whatever was asked for. But what the MCP server brings from its callers is not its own mistake: one agent's bad token must not shut out all, nor a person who takes time to decide.
    private static bool IsFailure(HttpContext context, IFormCollection? form) => context.Response.StatusCode switch
    {
        StatusCodes.Status401Unauthorized => true,
        StatusCodes.Status400BadRequest => context.Request.Path != BackchannelExtensions.Endpoint && form?[Parameters.GrantType].ToString() is not (GrantTypes.TokenExchange or BackchannelExtensions.GrantType),
        _ => false,
    };

    private static string ClientOf(HttpRequest request, IFormCollection? form)
    {
        var id = form?[Parameters.ClientId].ToString() ?? "";
        if (id.Length == 0 && AuthenticationHeaderValue.TryParse(request.Headers.Authorization, out var header) && header is { Scheme: "Basic", Parameter: { } encoded })
        {
            var bytes = new byte[encoded.Length];
            if (Convert.TryFromBase64String(encoded, bytes, out var length)) id = Encoding.UTF8.GetString(bytes, 0, length).Split(':')[0];
        }
        return id.Length <= LongestClientId ? id : "";
    }

    // A client_id that is a URL makes this server read from there.
    private static string? DocumentOf(HttpRequest request, IFormCollection? form)
    {
        var id = form?[Parameters.ClientId].ToString() is { Length: > 0 } posted ? posted : request.Query[Parameters.ClientId].ToString();
        return id.Length <= LongestClientId && MetadataDocuments.IsDocument(id) ? id : null;
    }

    private static Task RefuseAsync(HttpContext context)
    {
        Budget.Refuse(context, RetryAfterSeconds);
        return ErrorPage.WriteAsync(context, Errors.TemporarilyUnavailable, "There were too many requests from this address. Wait a minute, and try again.", StatusCodes.Status429TooManyRequests);
    }

    private sealed class RequestBudgets(IOptions<LimitOptions> options) : IDisposable
    {
        public Budget TokenFailures { get; } = Budget.PerMinute(options.Value.TokenFailuresPerMinute);

        public Budget AuthorizationRequests { get; } = Budget.PerMinute(options.Value.AuthorizationRequestsPerMinute);

        public Budget NewMetadataDocuments { get; } = Budget.PerMinute(options.Value.NewMetadataDocumentsPerMinute);

        public void Dispose()
        {
            NewMetadataDocuments.Dispose();
            TokenFailures.Dispose();
            AuthorizationRequests.Dispose();
        }
    }
}
