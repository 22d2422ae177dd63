using OpenIddict.Abstractions;
using OpenIddict.Validation.AspNetCore;
using StockMcp.Authority.TradingLimits;
using StockMcp.Hosting;

namespace StockMcp.Authority.Approvals;

/// <summary>A person's yes to exact terms: asked for at the backchannel, decided on pages of ours, and used once.</summary>
public static class ApprovalExtensions
{
    /// <summary>The API's path; under the public URL it is the audience of its tokens.</summary>
    public const string Path = "/approvals/v1";

    /// <summary>The API's scope: for MCP servers that the operator registered, and for nobody else.</summary>
    public const string Scope = "approvals";

    internal const string Policy = "approvals-api";

    /// <summary>The page of an approval.</summary>
    public static string PageOf(Guid id) => $"/approvals/{id}";

    /// <summary>Adds the store, and the check of the API's tokens.</summary>
    public static void AddApprovals(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var audience = PublicUrl.From(builder.Configuration, builder.Environment).At(Path);
        builder.Services.AddScoped<ApprovalStore>();
        builder.Services.AddScoped<TradingLimitStore>();
        builder.Services.AddSingleton<ApprovalSignals>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<ApprovalSignals>());
        builder.Services.AddHostedService<ApprovalSweep>();
        builder.Services.AddOpenIddict().AddValidation(validation => validation.AddAudiences(audience));
        builder.Services.AddAuthorizationBuilder().AddPolicy(Policy, policy => policy
            .AddAuthenticationSchemes(OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme)
            .RequireAuthenticatedUser()
            .RequireAssertion(context => context.User.HasScope(Scope) && context.User.HasAudience(audience)));
    }

    /// <summary><c>/approvals/v1</c>.</summary>
    public static void MapApprovals(this IEndpointRouteBuilder routes)
    {
        var api = routes.MapGroup(Path).DisableAntiforgery().RequireAuthorization(Policy);
        api.MapGet("/{id:guid}", ApprovalsApi.ReadAsync);
        api.MapPost("/leases", ApprovalsApi.LeaseAsync);
        api.MapPost("/{id:guid}/outcome", ApprovalsApi.ReportAsync);
        api.MapGet("/limits", ApprovalsApi.LimitsAsync);
    }
}
