using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StockMcp.Agent.Database;

namespace StockMcp.Agent.Tasks;

/// <summary>How a change that a person wants of a task ended.</summary>
internal enum TaskChange
{
    Done,
    NotFound,

    /// <summary>It is not in a state in which that can be done.</summary>
    NotNow,
}

/// <summary>Tasks in the database. Whose a task is, is part of every question; each change counts the version up, so that of two at once one is dropped.</summary>
internal sealed class TaskStore(AgentDbContext database, IOptions<TaskOptions> options, TimeProvider time)
{
    private const int MostShown = 100;

    private DbSet<AgentTask> Tasks => database.Set<AgentTask>();

    public Task<List<AgentTask>> ListAsync(string subject, CancellationToken cancellationToken)
        => Tasks.AsNoTracking().Include(task => task.History.OrderBy(happened => happened.Number)).Where(task => task.Subject == subject).OrderByDescending(task => task.CreatedAt).Take(MostShown).ToListAsync(cancellationToken);

    /// <summary>A new task; one that has this id already stays as it is.</summary>
    /// <returns><see langword="null"/> if the person has too many.</returns>
    public async Task<AgentTask?> CreateAsync(AgentTask task, CancellationToken cancellationToken)
    {
        if (await Tasks.AsNoTracking().FirstOrDefaultAsync(known => known.Id == task.Id && known.Subject == task.Subject, cancellationToken) is { } made) return made;
        if (await Tasks.CountAsync(known => known.Subject == task.Subject && known.State != TaskState.Placed && known.State != TaskState.Ended, cancellationToken) >= options.Value.MostPerPerson) return null;
        task.NextLookAt = time.GetUtcNow();
        task.Tell(time.GetUtcNow(), "Made. It watches the price.");
        database.Add(task);
        await database.SaveChangesAsync(cancellationToken);
        return task;
    }

    public Task<TaskChange> PauseAsync(string subject, Guid id, CancellationToken cancellationToken) => ChangeAsync(subject, id, task => task.State == TaskState.Watching, task =>
    {
        task.State = TaskState.Paused;
        task.Tell(time.GetUtcNow(), "You paused it.");
    }, cancellationToken);

    /// <summary>Goes on watching: after a pause, or after the person mended what was missing. A request that was made already goes on, too, under its own id.</summary>
    public Task<TaskChange> ResumeAsync(string subject, Guid id, CancellationToken cancellationToken) => ChangeAsync(subject, id, task => task.State is TaskState.Paused or TaskState.NeedsYou, task =>
    {
        task.State = task.ApprovalId is not null ? TaskState.Waiting : TaskState.Watching;
        (task.NextLookAt, task.Link) = (time.GetUtcNow(), task.ApprovalId is null ? null : task.Link);
        task.Tell(time.GetUtcNow(), "You told it to go on.");
    }, cancellationToken);

    /// <summary>Only what is not being asked for can be deleted: the person says no to that where they are asked.</summary>
    public async Task<TaskChange> DeleteAsync(string subject, Guid id, CancellationToken cancellationToken)
    {
        var mine = Tasks.Where(task => task.Id == id && task.Subject == subject);
        if (await mine.Where(task => task.State != TaskState.Asking && task.State != TaskState.Waiting).ExecuteDeleteAsync(cancellationToken) == 1) return TaskChange.Done;
        return await mine.AnyAsync(cancellationToken) ? TaskChange.NotNow : TaskChange.NotFound;
    }

    /// <summary>Tasks that it is time to look at.</summary>
    public Task<List<Guid>> DueAsync(int most, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return Tasks.AsNoTracking().Where(task => (task.State == TaskState.Watching || task.State == TaskState.Asking || task.State == TaskState.Waiting) && task.NextLookAt <= now && (task.LeaseUntil == null || task.LeaseUntil <= now))
            .OrderBy(task => task.NextLookAt).Take(most).Select(task => task.Id).ToListAsync(cancellationToken);
    }

    /// <summary>Takes a task, for one worker and a time.</summary>
    /// <returns>The task as it is then; <see langword="null"/> if another one has it.</returns>
    public async Task<AgentTask?> TakeAsync(Guid id, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (await Tasks.Where(task => task.Id == id && task.NextLookAt <= now && (task.LeaseUntil == null || task.LeaseUntil <= now))
            .ExecuteUpdateAsync(set => set.SetProperty(task => task.LeaseUntil, now + options.Value.Lease).SetProperty(task => task.Version, task => task.Version + 1), cancellationToken) != 1) return null;
        database.ChangeTracker.Clear();
        return await Tasks.Include(task => task.History.OrderBy(happened => happened.Number)).FirstOrDefaultAsync(task => task.Id == id, cancellationToken);
    }

    /// <summary>Saves what a worker found.</summary>
    /// <param name="task">A task that was taken.</param>
    /// <param name="nextLookIn">When it is looked at again.</param>
    /// <param name="letGo">Whether others may take it now.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>False if it changed meanwhile: the person paused or deleted it, or another worker has it. Nothing was saved.</returns>
    public async Task<bool> SaveAsync(AgentTask task, TimeSpan nextLookIn, bool letGo, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        (task.NextLookAt, task.LeaseUntil) = (now + nextLookIn, letGo ? null : now + options.Value.Lease);
        return await TrySaveAsync(task, cancellationToken);
    }

    private async Task<TaskChange> ChangeAsync(string subject, Guid id, Func<AgentTask, bool> may, Action<AgentTask> change, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < 3; attempt++)
        {
            database.ChangeTracker.Clear();
            if (await Tasks.Include(task => task.History.OrderBy(happened => happened.Number)).FirstOrDefaultAsync(task => task.Id == id && task.Subject == subject, cancellationToken) is not { } task) return TaskChange.NotFound;
            if (!may(task)) return TaskChange.NotNow;
            change(task);
            if (await TrySaveAsync(task, cancellationToken)) return TaskChange.Done;
        }
        return TaskChange.NotNow;
    }

    private async Task<bool> TrySaveAsync(AgentTask task, CancellationToken cancellationToken)
    {
        task.Version++;
        try
        {
            await database.SaveChangesAsync(cancellationToken);
            return true;
        }
        catch (DbUpdateConcurrencyException)
        {
            database.ChangeTracker.Clear();
            return false;
        }
    }
}
