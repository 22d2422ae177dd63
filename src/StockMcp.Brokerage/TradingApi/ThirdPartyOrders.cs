using System.Security.Claims;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.TradingApi;

/// <summary>Whether an application may place this very order (OX-03). The account's owner orders on the dashboard and never comes here.</summary>
internal static class ThirdPartyOrders
{
    /// <summary>RFC 9396: the claim that carries what the owner approved.</summary>
    public const string AuthorizationDetails = "authorization_details";

    /// <summary>Refuses unless the token carries exactly these terms. No type of authorization details is issued here yet, so that every order is refused, whatever the token says.</summary>
    /// <exception cref="AlpacaException">The token does not allow this order.</exception>
    public static void Authorize(ClaimsPrincipal application, NewOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        var why = application.HasClaim(claim => claim.Type == AuthorizationDetails)
            ? "the token's authorization_details are of no type that is accepted here"
            : "the scope trading alone places nothing: the token must carry authorization_details of exactly this order, approved by the account's owner";
        throw new AlpacaException(StatusCodes.Status403Forbidden, new(AlpacaError.Forbidden, $"forbidden: {why}"));
    }
}
