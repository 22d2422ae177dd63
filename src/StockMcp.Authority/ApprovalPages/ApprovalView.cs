using System.Globalization;
using OpenIddict.Abstractions;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.AuthorizationDetails;
using StockMcp.Authority.ClientMetadataDocuments;
using StockMcp.Authority.Consent;
using StockMcp.Authority.Registration;

namespace StockMcp.Authority.ApprovalPages;

/// <summary>Approvals as pages, events and notices show them, out of the stores.</summary>
internal sealed class ApprovalView(AuthorizationDetailsTypes types, ConsentStore consents, IOpenIddictApplicationManager clients, TimeProvider time)
{
    private const int LongestName = 60;
    private const int LongestHost = 80;
    private const int LongestReason = 80;
    private readonly Dictionary<string, ShownAgent> agents = [];

    /// <summary>How many of a person's approvals the list has.</summary>
    public const int Most = 50;

    /// <summary>One of them.</summary>
    public async Task<ShownApproval> ShowAsync(Approval approval, CancellationToken cancellationToken)
    {
        var left = approval.ExpiresAt - time.GetUtcNow();
        return new ShownApproval
        {
            Id = approval.Id,
            State = StateOf(approval),
            Terms = TermsOf(approval),
            Context = ShownContext.Read(approval.Context),
            Code = approval.BindingMessage,
            Agent = await AgentAsync(approval.PersonId, approval.AgentId, cancellationToken),
            RequestedAt = approval.RequestedAt,
            ExpiresAt = approval.ExpiresAt,
            Left = approval.State == ApprovalState.Pending && left > TimeSpan.Zero ? left : TimeSpan.Zero,
            DecidedAt = approval.DecidedAt,
            OrderId = Clean(approval.OrderId),
            OrderStatus = Clean(approval.OrderStatus),
            FilledQuantity = Clean(approval.FilledQuantity),
            FilledPrice = Clean(approval.FilledPrice),
            MandateId = approval.MandateId,
            Reason = approval.Reason is { Length: > 0 } reason ? ApprovalWords.OfReason(ShownText.Of(reason, LongestReason)) : null,
            Version = VersionOf(approval),
        };
    }

    /// <summary>Where it is now.</summary>
    public ApprovalState StateOf(Approval approval) => approval.State == ApprovalState.Pending && approval.ExpiresAt <= time.GetUtcNow() ? ApprovalState.Expired : approval.State;

    /// <summary>Changes with everything that a page shows of it.</summary>
    public string VersionOf(Approval approval) => string.Create(CultureInfo.InvariantCulture, $"{StateOf(approval)}-{approval.ChangedAt.UtcTicks}-{approval.OrderStatus}");

    /// <summary>Its terms. Of a type that the settings do not have any more, that alone is said: nobody can approve it.</summary>
    public Terms TermsOf(Approval approval)
    {
        try
        {
            return types.Stored(approval.Details).Terms;
        }
        catch (InvalidOperationException)
        {
            return new Terms("A request of a kind that is not known here any more", []);
        }
    }

    /// <summary>An agent of a person.</summary>
    public async Task<ShownAgent> AgentAsync(Guid personId, string agentId, CancellationToken cancellationToken)
    {
        if (agents.TryGetValue(agentId, out var known)) return known;
        var hosts = (await consents.ListAsync(personId, cancellationToken)).Where(consent => consent.ClientId == agentId).Select(consent => ShownText.Of(consent.RedirectHost, LongestHost)).Distinct().ToList();
        var document = MetadataDocuments.IsDocument(agentId) && Uri.TryCreate(agentId, UriKind.Absolute, out var url) ? url.Authority : null;
        return agents[agentId] = await clients.FindByClientIdAsync(agentId, cancellationToken) is not { } client
            ? new ShownAgent("an agent that is gone", Unchecked: true, document, hosts)
            : new ShownAgent(
                ShownText.Of(await clients.GetDisplayNameAsync(client, cancellationToken) ?? agentId, LongestName),
                document is not null || await ClientRegistration.IsSelfRegisteredAsync(clients, client, cancellationToken), document, hosts);
    }

    private static string? Clean(string? text) => text is { Length: > 0 } ? ShownText.Of(text, LongestReason) : null;
}
