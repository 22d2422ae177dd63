using System.Security.Claims;

namespace StockMcp.AuthorizationServer.Hardening;

/// <summary>
/// Keeps the answer to a refresh for a short while: a client whose connection broke, or that refreshes from two places at once, gets the same answer again.
/// An authorization server that registers none ends the grant at the second use, whenever it comes.
/// </summary>
public interface IRefreshAnswers
{
    /// <summary>Keeps an answer. It is called in the transaction that makes the token used, so that there is never one without the other.</summary>
    /// <param name="tokenId">The id of the used refresh token.</param>
    /// <param name="clientId">The client that used it.</param>
    /// <param name="answer">The answer's JSON.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task KeepAsync(string tokenId, string clientId, string answer, CancellationToken cancellationToken);

    /// <summary>The answer that was given for a refresh token, while it may be given again; <see langword="null"/> afterwards, and for any other client.</summary>
    Task<string?> FindAsync(string tokenId, string clientId, CancellationToken cancellationToken);

    /// <summary>Takes note that a refresh token was used again too late, and that all that came from its grant ends.</summary>
    /// <param name="refreshToken">What the token says.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task ReportReuseAsync(ClaimsPrincipal refreshToken, CancellationToken cancellationToken);
}
