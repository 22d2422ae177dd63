using ModelContextProtocol.Protocol;
using StockMcp.Tools.OrderApprovals;

namespace StockMcp.Server.Elicitation;

/// <summary>
/// How a call of place_order sends the person to their approval page: clients of 2026-07-28 that open URLs get "input required" once, with a state that leads the same call back to the same
/// approval. For all others the link stands in the answer.
/// </summary>
internal sealed class ApprovalPage
{
    public const string Key = "approve";

    private ApprovalPage() { }

    /// <summary>The approval that this call asked for before it was sent again.</summary>
    public Guid? UnderWay { get; private init; }

    private Func<Guid, string>? Seal { get; init; }

    public static ApprovalPage Of(HttpContext? context) => context?.Features.Get<ApprovalPage>() ?? new ApprovalPage();

    /// <param name="context">The request.</param>
    /// <param name="underWay">The approval that the call's state names.</param>
    /// <param name="seal">Makes a state of an approval; <see langword="null"/> if the client opens no URLs, or was asked already.</param>
    public static void Set(HttpContext? context, Guid? underWay, Func<Guid, string>? seal) => context?.Features.Set(new ApprovalPage { UnderWay = underWay, Seal = seal });

    /// <summary>Sends the person there, if this client can do that and did not yet.</summary>
    /// <exception cref="InputRequiredException">It can.</exception>
    public void Open(OrderApproval approval)
    {
        if (Seal is null) return;
        throw new InputRequiredException(new Dictionary<string, InputRequest>
        {
            [Key] = InputRequest.ForElicitation(new ElicitRequestParams { Mode = "url", ElicitationId = Guid.CreateVersion7().ToString(), Url = approval.ApprovalUri, Message = $"Your agent asks for an order. Open the page and answer there; its code is {approval.BindingMessage}." }),
        }, Seal(approval.ApprovalId));
    }
}
