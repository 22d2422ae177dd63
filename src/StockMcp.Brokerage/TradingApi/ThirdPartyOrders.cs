using System.Security.Claims;
using OpenIddict.Abstractions;
using StockMcp.AuthorizationServer.RichAuthorization;
using StockMcp.Brokerage.AuthorizationDetails;
using StockMcp.Brokerage.Market;
using StockMcp.Brokerage.Trading;

namespace StockMcp.Brokerage.TradingApi;

/// <summary>Whether an application may place this very order (OX-03). The account's owner orders on the dashboard and never comes here.</summary>
internal static class ThirdPartyOrders
{
    /// <summary>The id under which an app sends the order of a transaction, so that it can look for it before it has an answer.</summary>
    public static string ClientOrderId(Guid transaction) => $"stockmcp-{transaction:N}";

    /// <summary>What the order rests on. Refuses unless the token carries exactly these terms, for this account; within a mandate, unless they lie within it now.</summary>
    /// <exception cref="AlpacaException">The token does not allow this order.</exception>
    public static OrderApproval Authorize(ClaimsPrincipal application, NewOrder order, string accountNumber, StockMarket market, DateTimeOffset now)
    {
        if (AuthorizationDetailsClaims.Elements(application) is not { Count: 1 or 2 } elements)
            throw Forbidden("the scope trading alone places nothing: the token must carry authorization_details of exactly this order, approved by the account's owner");
        StockOrderDetails details;
        try
        {
            details = StockOrderDetails.Read($"[{string.Join(',', elements)}]", market, now);
        }
        catch (AuthorizationDetailsException exception)
        {
            throw Forbidden($"the token's authorization_details are of no order that can be placed here: {exception.Message}");
        }
        if (!Guid.TryParseExact(application.GetClaim(AuthorizationDetailsClaims.Transaction), "D", out var transaction) || application.GetClaim(OpenIddictConstants.Claims.JwtId) is not { Length: > 0 } tokenId)
            throw Forbidden("the token lacks the txn or the jti that makes it one order's");
        if (details.Account != accountNumber) throw Differs("account");
        if (details.DifferenceTo(order) is { } field) throw Differs(field);
        if (order.ClientOrderId != ClientOrderId(transaction)) throw Forbidden("client_order_id must be stockmcp- and the token's txn in 32 hexadecimal digits");
        return new OrderApproval(transaction, tokenId, details.MaxTotal);
    }

    private static AlpacaException Differs(string field) => Forbidden($"the order differs from the token's authorization_details: {field}");

    private static AlpacaException Forbidden(string why) => new(StatusCodes.Status403Forbidden, new(AlpacaError.Forbidden, $"forbidden: {why}"));
}
