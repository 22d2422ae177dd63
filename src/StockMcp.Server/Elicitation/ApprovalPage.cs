using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using StockMcp.Tools.OrderApprovals;

namespace StockMcp.Server.Elicitation;

/// <summary>
/// How a call of place_order sends the person to their approval page, once: clients of 2026-07-28 that open URLs get "input required" with a state that leads the same call back to the same
/// approval; those of 2025-11-25 get error -32042, and their next call of the same kind is led back by a note. For all others the link stands in the answer.
/// </summary>
internal sealed class ApprovalPage
{
    public const string Key = "approve";

    /// <summary>The approval that this call asked for before it was sent again.</summary>
    public Guid? UnderWay { get; init; }

    /// <summary>Makes a state of an approval, for a client that brings it back.</summary>
    public Func<Guid, string>? Seal { get; init; }

    /// <summary>Keeps an approval for the call that a client sends again without one; false if it cannot be kept.</summary>
    public Func<Guid, Task<bool>>? Keep { get; init; }

    public static ApprovalPage Of(HttpContext? context) => context?.Features.Get<ApprovalPage>() ?? new ApprovalPage();

    /// <summary>Sends the person there, if this client can do that and did not yet.</summary>
    /// <exception cref="InputRequiredException">It can, in the way of 2026-07-28.</exception>
    /// <exception cref="UrlElicitationRequiredException">It can, in the way of 2025-11-25.</exception>
    public async Task OpenAsync(OrderApproval approval)
    {
        if (UnderWay is not null || (Seal is null && Keep is null)) return;
        var message = $"Your agent asks for an order. Open the page and answer there; its code is {approval.BindingMessage}.";
        var elicitation = new ElicitRequestParams { Mode = "url", ElicitationId = approval.ApprovalId.ToString("D"), Url = approval.ApprovalUri, Message = message };
        if (Seal is not null) throw new InputRequiredException(new Dictionary<string, InputRequest> { [Key] = InputRequest.ForElicitation(elicitation) }, Seal(approval.ApprovalId));
        if (await Keep!(approval.ApprovalId)) throw new UrlElicitationRequiredException(message, [elicitation]);
    }
}
