using Microsoft.Extensions.AI;

namespace StockMcp.Agent.Chats;

/// <summary>A chat's entries as a model reads them, and what in them still waits.</summary>
internal sealed class Conversation
{
    private const int Most = 60;
    private readonly IReadOnlyList<ChatEntry> entries;

    public Conversation(IReadOnlyList<ChatEntry> entries)
    {
        this.entries = entries;
        Cards = [.. entries.Where(entry => entry.Kind == EntryKind.Card).Select(entry => (entry, Card.From(entry)))];
        var approvals = Cards.Where(card => card.Card is { Kind: CardKind.Approval, Data: not null }).GroupBy(card => card.Card.CallId).ToDictionary(cards => cards.Key, cards => cards.Last().Card);
        var messages = new List<ChatMessage>();
        foreach (var entry in entries.Where(entry => entry.Kind is EntryKind.User or EntryKind.Assistant or EntryKind.Tool))
        {
            var message = ChatStore.Message(entry);
            // An order that was asked for: the model reads where it stands now.
            foreach (var result in message.Contents.OfType<FunctionResultContent>())
                if (approvals.TryGetValue(result.CallId, out var card)) result.Result = ToolResults.Of(card.Data!, card.Text ?? "");
            messages.Add(message);
            if (entry.Kind == EntryKind.Assistant) (LastCalls, LastAssistant) = ([.. message.Contents.OfType<FunctionCallContent>()], entry);
            else if (entry.Kind == EntryKind.User) (LastCalls, LastAssistant) = ([], null);
            Last = entry;
        }
        var answered = messages.SelectMany(message => message.Contents).OfType<FunctionResultContent>().Select(result => result.CallId).ToHashSet(StringComparer.Ordinal);
        Pending = [.. LastCalls.Where(call => !answered.Contains(call.CallId))];
        Messages = Cut(messages);
    }

    /// <summary>For the model: the latest, from something that the person wrote.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; }

    /// <summary>The model's calls that no tool has answered.</summary>
    public IReadOnlyList<FunctionCallContent> Pending { get; }

    /// <summary>The calls of the model's latest message, in its order.</summary>
    public IReadOnlyList<FunctionCallContent> LastCalls { get; private set; } = [];

    /// <summary>The entry that holds them.</summary>
    public ChatEntry? LastAssistant { get; private set; }

    /// <summary>The last that was said or done; <see langword="null"/> if nothing was.</summary>
    public ChatEntry? Last { get; private set; }

    /// <summary>The chat's cards.</summary>
    public IReadOnlyList<(ChatEntry Entry, Card Card)> Cards { get; }

    /// <summary>The card that the chat waits for.</summary>
    public (ChatEntry Entry, Card Card)? Interrupt => Cards.Where(card => card.Card.Interrupts && Pending.Any(call => call.CallId == card.Card.CallId)).Select(card => ((ChatEntry, Card)?)card).LastOrDefault();

    /// <summary>Whether what the person wrote has no answer yet.</summary>
    public bool IsUnanswered => Last is { Kind: EntryKind.User or EntryKind.Tool } || Pending.Count > 0;

    /// <summary>Whether an answer failed, and the person may try again.</summary>
    public bool Failed => IsUnanswered && entries.Count > 0 && entries[^1].Kind == EntryKind.Notice;

    private static List<ChatMessage> Cut(List<ChatMessage> messages)
    {
        if (messages.Count <= Most) return messages;
        var from = messages.FindIndex(messages.Count - Most, message => message.Role == ChatRole.User);
        return from < 0 ? messages : messages[from..];
    }
}
