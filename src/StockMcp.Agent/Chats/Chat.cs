using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StockMcp.Agent.Chats;

/// <summary>A conversation of one person.</summary>
public sealed class Chat
{
    /// <summary>Its id on pages; nobody else finds anything under it.</summary>
    public Guid Id { get; init; }

    /// <summary>Whose it is.</summary>
    public required string Subject { get; init; }

    /// <summary>How it began.</summary>
    public required string Title { get; init; }

    /// <summary>When something was last said.</summary>
    public required DateTimeOffset UpdatedAt { get; set; }

    /// <summary>Until when one turn alone writes in it, however many tabs there are.</summary>
    public DateTimeOffset? BusyUntil { get; set; }

    /// <summary>Which turn that is.</summary>
    public Guid? Turn { get; set; }
}

/// <summary>What stands in a chat.</summary>
public enum EntryKind
{
    /// <summary>What the person wrote.</summary>
    User,

    /// <summary>What the model said, and the tools that it called.</summary>
    Assistant,

    /// <summary>What a tool answered.</summary>
    Tool,

    /// <summary>A card that waits for the person: to connect, to sign in, to approve.</summary>
    Card,

    /// <summary>What went wrong, for the person alone.</summary>
    Notice,
}

/// <summary>One entry of a chat. It is written once and stays; only cards change.</summary>
public sealed class ChatEntry
{
    /// <summary>Its id; what a turn does for it is named after it.</summary>
    public Guid Id { get; init; }

    /// <summary>The chat.</summary>
    public required Guid ChatId { get; init; }

    /// <summary>Where it stands in it.</summary>
    public required int Position { get; init; }

    /// <summary>What it is.</summary>
    public required EntryKind Kind { get; init; }

    /// <summary>A chat message, a card or a text, as JSON.</summary>
    public required string Json { get; set; }

    /// <summary>When it was written.</summary>
    public required DateTimeOffset At { get; init; }
}

internal sealed class ChatConfiguration : IEntityTypeConfiguration<Chat>, IEntityTypeConfiguration<ChatEntry>
{
    public void Configure(EntityTypeBuilder<Chat> builder)
    {
        builder.ToTable("Chats");
        builder.Property(chat => chat.Subject).HasMaxLength(255);
        builder.Property(chat => chat.Title).HasMaxLength(100);
        builder.HasIndex(chat => new { chat.Subject, chat.UpdatedAt });
    }

    public void Configure(EntityTypeBuilder<ChatEntry> builder)
    {
        builder.ToTable("ChatEntries");
        builder.Property(entry => entry.Kind).HasConversion<string>().HasMaxLength(20);
        builder.HasOne<Chat>().WithMany().HasForeignKey(entry => entry.ChatId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(entry => new { entry.ChatId, entry.Position }).IsUnique();
    }
}
