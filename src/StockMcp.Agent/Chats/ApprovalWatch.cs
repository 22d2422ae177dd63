using StockMcp.Agent.StockTools;

namespace StockMcp.Agent.Chats;

/// <summary>Keeps the approval cards of a chat as their approvals are. It can look, and nothing else.</summary>
internal sealed class ApprovalWatch(ChatStore chats, IStockTools tools, TimeProvider time)
{
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromMilliseconds(900);

    /// <returns>Whether a card changed.</returns>
    public async Task<bool> LookAsync(string subject, IReadOnlyList<(ChatEntry Entry, Card Card)> cards, CancellationToken cancellationToken)
    {
        var changed = false;
        foreach (var (entry, card) in cards.Where(card => card.Card is { Kind: CardKind.Approval, Over: false }).Where(card => card.Card.LookedAt + s_lookAgain < time.GetUtcNow()))
        {
            var looked = await tools.CallAsync(subject, ToolCatalog.GetOrderApproval, new() { ["approval_id"] = card.Data?["approval_id"]?.DeepClone() }, cancellationToken) switch
            {
                ToolAnswer.Done(var data, var text) => card with { Data = data, Text = text, Message = null, Over = Card.IsFinal((string?)data["status"] ?? "") },
                ToolAnswer.SignInNeeded => card with { Message = "You signed this agent out, so it cannot see where this stands. The page of the request can." },
                ToolAnswer.Refused { Retry: true } => card with { Message = "Where this stands cannot be seen right now. It is asked again." },
                _ => card with { Message = "Where this stands cannot be seen here. The page of the request can." },
            };
            await chats.ChangeAsync(entry, looked with { LookedAt = time.GetUtcNow() }, cancellationToken);
            changed = true;
        }
        return changed;
    }
}
