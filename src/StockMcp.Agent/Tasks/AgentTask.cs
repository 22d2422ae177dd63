using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StockMcp.Agent.Tasks;

/// <summary>Where a task is.</summary>
public enum TaskState
{
    /// <summary>It watches the price.</summary>
    Watching,

    /// <summary>The person told it to rest.</summary>
    Paused,

    /// <summary>The price was met, and the person is being asked: whether they were, is not known yet.</summary>
    Asking,

    /// <summary>The person was asked; their answer, or the order, is waited for.</summary>
    Waiting,

    /// <summary>The person has to do something first; then they tell it to go on.</summary>
    NeedsYou,

    /// <summary>The order is at the broker.</summary>
    Placed,

    /// <summary>It is over, and nothing was ordered.</summary>
    Ended,
}

/// <summary>An order that waits for a price. Its <see cref="RequestId"/> is stored before the person is asked, and names the one request, and so the one order, that can come of it.</summary>
public sealed class AgentTask
{
    /// <summary>How long a task is kept up.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(30);

    /// <summary>Its id.</summary>
    public Guid Id { get; init; }

    /// <summary>Whose it is.</summary>
    public required string Subject { get; init; }

    /// <summary>The share.</summary>
    public required string Symbol { get; init; }

    /// <summary>buy or sell.</summary>
    public required string Side { get; init; }

    /// <summary>How many.</summary>
    public required decimal Quantity { get; init; }

    /// <summary>Whether it waits for a price below the threshold; else above.</summary>
    public required bool Below { get; init; }

    /// <summary>The threshold.</summary>
    public required decimal Price { get; init; }

    /// <summary>The worst price of the order.</summary>
    public required decimal LimitPrice { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Where it is.</summary>
    public TaskState State { get; set; }

    /// <summary>The id under which the person is asked: the same, however often it takes.</summary>
    public string? RequestId { get; set; }

    /// <summary>The approval that came of it.</summary>
    public string? ApprovalId { get; set; }

    /// <summary>Where the person answers, or mends what is missing.</summary>
    public string? Link { get; set; }

    /// <summary>The code that they see there.</summary>
    public string? Code { get; set; }

    /// <summary>The order at the broker.</summary>
    public string? OrderId { get; set; }

    /// <summary>When it is looked at next.</summary>
    public DateTimeOffset NextLookAt { get; set; }

    /// <summary>Until when one copy alone works on it.</summary>
    public DateTimeOffset? LeaseUntil { get; set; }

    /// <summary>Grows with each change: who has not seen the last one changes nothing.</summary>
    public int Version { get; set; }

    /// <summary>What happened, oldest first.</summary>
    public List<TaskEvent> History { get; init; } = [];

    /// <summary>Whether nothing more will come of it.</summary>
    public bool IsOver => State is TaskState.Placed or TaskState.Ended;

    /// <summary>The task in words.</summary>
    public string InWords => $"{Side} {Figure(Quantity)} {Symbol} when it is {(Below ? "below" : "above")} {Figure(Price)}{(LimitPrice == Price ? "" : $", at {Figure(LimitPrice)} or {(Side == "buy" ? "less" : "more")}")}";

    /// <summary>Whether a quote is what it waits for: what one would pay, or get.</summary>
    public bool IsMetBy(decimal quote) => Below ? quote < Price : quote > Price;

    internal static string Figure(decimal value) => value.ToString("0.############", CultureInfo.InvariantCulture);

    /// <summary>Writes down what happened; the same twice in a row is one entry.</summary>
    public void Tell(DateTimeOffset at, string text)
    {
        if (History.Count > 0 && History[^1].Text == text) return;
        History.Add(new TaskEvent { Id = Guid.CreateVersion7(at), TaskId = Id, Number = History.Count, At = at, Text = text });
    }
}

/// <summary>Something that happened to a task.</summary>
public sealed class TaskEvent
{
    /// <summary>Its id.</summary>
    public Guid Id { get; init; }

    /// <summary>The task.</summary>
    public required Guid TaskId { get; init; }

    /// <summary>Which one of the task's it is.</summary>
    public required int Number { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What.</summary>
    public required string Text { get; init; }
}

internal sealed class TaskConfiguration : IEntityTypeConfiguration<AgentTask>, IEntityTypeConfiguration<TaskEvent>
{
    public void Configure(EntityTypeBuilder<AgentTask> builder)
    {
        builder.ToTable("Tasks");
        builder.Property(task => task.Subject).HasMaxLength(255);
        builder.Property(task => task.Symbol).HasMaxLength(12);
        builder.Property(task => task.Side).HasMaxLength(4);
        builder.Property(task => task.State).HasConversion<string>().HasMaxLength(20);
        builder.Property(task => task.Version).IsConcurrencyToken();
        builder.Ignore(task => task.IsOver).Ignore(task => task.InWords);
        builder.HasMany(task => task.History).WithOne().HasForeignKey(happened => happened.TaskId).OnDelete(DeleteBehavior.Cascade);
        builder.HasIndex(task => new { task.Subject, task.CreatedAt });
        builder.HasIndex(task => new { task.State, task.NextLookAt });
    }

    public void Configure(EntityTypeBuilder<TaskEvent> builder)
    {
        builder.ToTable("TaskEvents");
        builder.Property(happened => happened.Id).ValueGeneratedNever();
        builder.HasIndex(happened => new { happened.TaskId, happened.Number }).IsUnique();
    }
}
