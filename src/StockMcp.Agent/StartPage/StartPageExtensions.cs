using Microsoft.AspNetCore.Http.HttpResults;
using StockMcp.Agent.Chats;
using StockMcp.Agent.Grants;
using StockMcp.Agent.SignIn;

namespace StockMcp.Agent.StartPage;

/// <summary>The page <c>/</c>: what this is.</summary>
public static class StartPageExtensions
{
    /// <summary>Serves the page.</summary>
    public static void MapStartPage(this IEndpointRouteBuilder routes) => routes.MapGet("/", async (HttpContext context, GrantStore grants, CancellationToken cancellationToken)
        => new RazorComponentResult<Start>(new { Person = context.User.Identity?.IsAuthenticated is true ? ChatExtensions.NameOf(await grants.FindAsync(context.User.Subject(), cancellationToken)) : null }));
}
