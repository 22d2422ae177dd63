using System.Security.Claims;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.AuthorizationDetails;
using StockMcp.Authority.Connections;
using StockMcp.Authority.SignIn;
using StockMcp.Authority.TradingLimits;
using StockMcp.Authority.Vault;

namespace StockMcp.Authority.ApprovalPages;

/// <summary>What a person can decide about a request now.</summary>
/// <param name="Broken">The bound of theirs that it would break; then there is no yes.</param>
/// <param name="AgentGone">Whether they signed the agent out; then there is no yes, either.</param>
/// <param name="MustSignInAgain">Whether they have to prove who they are first.</param>
/// <param name="Connection">Where they would.</param>
public sealed record ApprovalChoice(BrokenLimit? Broken, bool AgentGone, bool MustSignInAgain, string Connection);

/// <summary>Works it out.</summary>
internal sealed class ApprovalChoices(ApprovalStore approvals, TradingLimitStore limits, SessionCookie sessions, TokenVault vault, ConnectionTable connections)
{
    /// <summary>About each of a person's approvals. What is so for all of them is asked once.</summary>
    public async Task<IReadOnlyDictionary<Guid, ApprovalChoice>> ReadAsync(ClaimsPrincipal user, IReadOnlyCollection<(Approval Approval, Terms Terms)> asked, CancellationToken cancellationToken)
    {
        var choices = new Dictionary<Guid, ApprovalChoice>();
        if (asked.Count == 0) return choices;
        var personId = user.PersonId();
        var connection = (await FindConnectionAsync(personId, cancellationToken)).DisplayName;
        var mustSignInAgain = asked.Any(one => one.Approval.State == ApprovalState.Pending) && !await sessions.IsFreshAsync(user, cancellationToken);
        foreach (var (approval, terms) in asked)
        {
            choices[approval.Id] = approval.State != ApprovalState.Pending ? new ApprovalChoice(null, AgentGone: false, MustSignInAgain: false, connection)
                : new ApprovalChoice(await limits.FindBrokenAsync(personId, terms, cancellationToken), !await approvals.MayAskAsync(approval, cancellationToken), mustSignInAgain, connection);
        }
        return choices;
    }

    /// <summary>Where the person can sign in: an account that was disconnected still says who they are.</summary>
    public async Task<Connection> FindConnectionAsync(Guid personId, CancellationToken cancellationToken)
    {
        var accounts = await vault.ListAsync(personId, cancellationToken);
        return connections.All.FirstOrDefault(connection => accounts.Any(account => account.Connection == connection.Name)) ?? connections.All[0];
    }
}
