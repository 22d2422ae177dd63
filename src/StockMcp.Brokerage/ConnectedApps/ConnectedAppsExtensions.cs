using Microsoft.AspNetCore.Http.HttpResults;
using StockMcp.Brokerage.SignIn;
using StockMcp.Brokerage.Site;

namespace StockMcp.Brokerage.ConnectedApps;

/// <summary>The applications that a person let into their account, and the button that ends it (AS-17).</summary>
public static class ConnectedAppsExtensions
{
    /// <summary>Adds what the page needs.</summary>
    public static void AddConnectedApps(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddScoped<ConnectedAppStore>();
    }

    /// <summary>The page <c>/connected-apps</c>, and its form that disconnects.</summary>
    public static void MapConnectedApps(this IEndpointRouteBuilder routes)
    {
        var pages = routes.MapGroup("/connected-apps").RequireAuthorization();
        pages.MapGet("", async (HttpContext context, string? disconnected, ConnectedAppStore apps, CancellationToken cancellationToken)
            => new RazorComponentResult<ConnectedAppsPage>(new { Apps = await apps.ListAsync(context.PersonId(), cancellationToken), Disconnected = disconnected is not null }));
        pages.MapForm("/{id:guid}/disconnect", async Task<IResult> (Guid id, HttpContext context, ConnectedAppStore apps, CancellationToken cancellationToken)
            => await apps.DisconnectAsync(context.PersonId(), id, cancellationToken) ? Results.LocalRedirect("/connected-apps?disconnected") : SiteExtensions.NotFound("You have no such app connected."));
    }
}
