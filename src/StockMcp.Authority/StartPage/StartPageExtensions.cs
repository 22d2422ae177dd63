using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using OpenIddict.Abstractions;
using StockMcp.Authority.Connections;
using StockMcp.Authority.Resources;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.StartPage;

/// <summary>What a person finds who comes here without an agent.</summary>
public static class StartPageExtensions
{
    /// <summary><c>/</c>.</summary>
    public static void MapStartPage(this IEndpointRouteBuilder routes) => routes.MapGet("/", (ClaimsPrincipal user, ProtectedResources resources, ConnectionTable connections)
        => new RazorComponentResult<StartPage>(new { Person = user.GetClaim(Claims.Name), Resources = resources.All, Connections = connections.All }));
}
