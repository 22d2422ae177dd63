using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace StockMcp.Agent.Chats;

/// <summary>What a card waits for.</summary>
internal enum CardKind
{
    /// <summary>The person's yes to an order, which they give on their own page.</summary>
    Approval,

    /// <summary>A connection to the broker, or more of one.</summary>
    Connect,

    /// <summary>More that the person allows this agent.</summary>
    Allow,

    /// <summary>A new sign-in.</summary>
    SignIn,

    /// <summary>Nothing: a task was made.</summary>
    Task,
}

/// <summary>A card in a chat: what a tool call waits for, or what came of it.</summary>
internal sealed record Card
{
    public required CardKind Kind { get; init; }

    /// <summary>The call that it belongs to.</summary>
    public required string CallId { get; init; }

    /// <summary>Whether it waits no more.</summary>
    public bool Over { get; init; }

    /// <summary>Where the person goes.</summary>
    public string? Link { get; init; }

    /// <summary>Why, in words.</summary>
    public string? Message { get; init; }

    /// <summary>What a tool said last: of an approval, where it stands.</summary>
    public JsonObject? Data { get; init; }

    /// <summary>The same in a few words.</summary>
    public string? Text { get; init; }

    /// <summary>When that was asked for.</summary>
    public DateTimeOffset? LookedAt { get; init; }

    /// <summary>Whether it interrupts the chat: its call goes on once the person did what it asks for.</summary>
    public bool Interrupts => !Over && (Kind is CardKind.Connect or CardKind.Allow or CardKind.SignIn);

    public string Status => (string?)Data?["status"] ?? "";

    public string Word(string name) => (string?)Data?["terms"]?[name] ?? "";

    public DateTimeOffset? ExpiresAt => DateTimeOffset.TryParse((string?)Data?["expires_at"], CultureInfo.InvariantCulture, out var time) ? time : null;

    /// <summary>Whether an approval will not change any more.</summary>
    public static bool IsFinal(string status) => status is "denied" or "expired" or "cancelled" or "placed" or "rejected" or "not_placed";

    public string ToJson() => JsonSerializer.Serialize(this);

    public static Card From(ChatEntry entry) => JsonSerializer.Deserialize<Card>(entry.Json)!;
}
