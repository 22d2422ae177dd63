using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.AI;
using StockMcp.Agent.Database;
using StockMcp.Hosting;

namespace StockMcp.Agent.Chats;

/// <summary>Chats in the database. Whose a chat is, is part of every question.</summary>
internal sealed class ChatStore(AgentDbContext database, TimeProvider time)
{
    public const int MostPerPerson = 100;
    private const int LongestTitle = 60;

    private DbSet<Chat> Chats => database.Set<Chat>();

    private DbSet<ChatEntry> Entries => database.Set<ChatEntry>();

    public Task<List<Chat>> ListAsync(string subject, CancellationToken cancellationToken)
        => Chats.AsNoTracking().Where(chat => chat.Subject == subject).OrderByDescending(chat => chat.UpdatedAt).Take(MostPerPerson).ToListAsync(cancellationToken);

    public Task<Chat?> FindAsync(string subject, Guid id, CancellationToken cancellationToken)
        => Chats.AsNoTracking().FirstOrDefaultAsync(chat => chat.Id == id && chat.Subject == subject, cancellationToken);

    public Task<List<ChatEntry>> EntriesAsync(Guid chatId, CancellationToken cancellationToken)
        => Entries.AsNoTracking().Where(entry => entry.ChatId == chatId).OrderBy(entry => entry.Position).ToListAsync(cancellationToken);

    /// <summary>A new chat, with its first message; the oldest beyond the most that are kept give way.</summary>
    public async Task<Chat> CreateAsync(string subject, string message, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var title = VisibleText.Of(message);
        var chat = new Chat { Id = Guid.CreateVersion7(now), Subject = subject, Title = title.Length > LongestTitle ? title[..LongestTitle] + "…" : title, UpdatedAt = now };
        database.Add(chat);
        database.Add(NewEntry(chat.Id, 0, EntryKind.User, Json(new ChatMessage(ChatRole.User, message))));
        await database.SaveChangesAsync(cancellationToken);
        var surplus = await Chats.Where(known => known.Subject == subject).OrderByDescending(known => known.UpdatedAt).Skip(MostPerPerson).Select(known => known.Id).ToListAsync(cancellationToken);
        if (surplus.Count > 0) await Chats.Where(known => surplus.Contains(known.Id)).ExecuteDeleteAsync(cancellationToken);
        return chat;
    }

    public async Task<bool> DeleteAsync(string subject, Guid id, CancellationToken cancellationToken)
        => await Chats.Where(chat => chat.Id == id && chat.Subject == subject).ExecuteDeleteAsync(cancellationToken) == 1;

    /// <summary>Takes the right to write in a chat, for one turn and a time.</summary>
    /// <returns>The turn; <see langword="null"/> if another one is under way.</returns>
    public async Task<Guid?> TakeAsync(string subject, Guid id, TimeSpan length, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var turn = Guid.CreateVersion7(now);
        return await Chats.Where(chat => chat.Id == id && chat.Subject == subject && (chat.BusyUntil == null || chat.BusyUntil < now))
            .ExecuteUpdateAsync(set => set.SetProperty(chat => chat.BusyUntil, now + length).SetProperty(chat => chat.Turn, turn).SetProperty(chat => chat.UpdatedAt, now), cancellationToken) == 1 ? turn : null;
    }

    /// <summary>Keeps the right for another while.</summary>
    /// <returns>False if it ran out, and another turn has it.</returns>
    public async Task<bool> KeepAsync(Guid id, Guid turn, TimeSpan length, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + length;
        return await Chats.Where(chat => chat.Id == id && chat.Turn == turn).ExecuteUpdateAsync(set => set.SetProperty(chat => chat.BusyUntil, until), cancellationToken) == 1;
    }

    public Task ReleaseAsync(Guid id, Guid turn, CancellationToken cancellationToken)
        => Chats.Where(chat => chat.Id == id && chat.Turn == turn).ExecuteUpdateAsync(set => set.SetProperty(chat => chat.BusyUntil, (DateTimeOffset?)null), cancellationToken);

    /// <summary>Adds an entry at the end. Only who holds the chat's turn does.</summary>
    public async Task<ChatEntry> AppendAsync(Guid chatId, EntryKind kind, string json, CancellationToken cancellationToken)
    {
        var last = await Entries.Where(entry => entry.ChatId == chatId).MaxAsync(entry => (int?)entry.Position, cancellationToken) ?? -1;
        var entry = NewEntry(chatId, last + 1, kind, json);
        database.Add(entry);
        await database.SaveChangesAsync(cancellationToken);
        database.ChangeTracker.Clear();
        return entry;
    }

    public Task<ChatEntry> AppendAsync(Guid chatId, ChatMessage message, CancellationToken cancellationToken)
        => AppendAsync(chatId, message.Role == ChatRole.User ? EntryKind.User : message.Role == ChatRole.Tool ? EntryKind.Tool : EntryKind.Assistant, Json(message), cancellationToken);

    public Task ChangeAsync(ChatEntry entry, Card card, CancellationToken cancellationToken)
    {
        var (json, before) = (card.ToJson(), entry.Json);
        // What changed in between stays: it is looked at again.
        return Entries.Where(known => known.Id == entry.Id && known.Json == before).ExecuteUpdateAsync(set => set.SetProperty(known => known.Json, json), cancellationToken);
    }

    public static ChatMessage Message(ChatEntry entry) => JsonSerializer.Deserialize<ChatMessage>(entry.Json, AIJsonUtilities.DefaultOptions)!;

    private static string Json(ChatMessage message) => JsonSerializer.Serialize(message, AIJsonUtilities.DefaultOptions);

    private ChatEntry NewEntry(Guid chatId, int position, EntryKind kind, string json) => new() { Id = Guid.CreateVersion7(time.GetUtcNow()), ChatId = chatId, Position = position, Kind = kind, Json = json, At = time.GetUtcNow() };
}
