using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Microsoft.EntityFrameworkCore.Infrastructure;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Receipts;
using StockMcp.AuthorizationServer.Database;

namespace StockMcp.Authority.Database;

/// <summary>The Authority's own database: people, their sessions and consents, the vault, the audit log, and what its authorization server keeps.</summary>
public class AuthorityDbContext : AuthorizationServerDbContext
{
    private readonly List<AuditRecord> records = [];

    /// <summary>For SQLite.</summary>
    public AuthorityDbContext(DbContextOptions<AuthorityDbContext> options) : base(options) { }

    /// <summary>For another kind of database.</summary>
    protected AuthorityDbContext(DbContextOptions options) : base(options) { }

    /// <summary>Writes a record to the audit log together with what is saved next: both, or neither (AU-03).</summary>
    public void Audit(AuditRecord record) => records.Add(record);

    /// <summary>Forgets what was to be saved, and its records: for another try with fresh eyes.</summary>
    public void Discard()
    {
        ChangeTracker.Clear();
        records.Clear();
    }

    /// <summary>A key that somebody else may have vouches for no receipt, either.</summary>
    public override Task ForgetKeyAsync(string kid, CancellationToken cancellationToken) => Set<ReceiptKey>().Where(key => key.Kid == kid).ExecuteDeleteAsync(cancellationToken);

    /// <inheritdoc/>
    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        if (records.Count == 0) return await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        await using var own = Database.CurrentTransaction is null ? await Database.BeginTransactionAsync(cancellationToken) : null;
        await AppendAsync(cancellationToken);
        var rows = await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        if (own is not null) await own.CommitAsync(cancellationToken);
        records.Clear();
        return rows;
    }

    /// <inheritdoc/>
    public override int SaveChanges(bool acceptAllChangesOnSuccess)
        => records.Count == 0 ? base.SaveChanges(acceptAllChangesOnSuccess) : throw new InvalidOperationException("What is audited is saved by SaveChangesAsync.");

    private async Task AppendAsync(CancellationToken cancellationToken)
    {
        try
        {
            await this.GetService<AuditChain>().AppendAsync(this, records, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException and not AuditUnavailableException)
        {
            throw new AuditUnavailableException("The audit log cannot be written.", exception);
        }
    }
}

/// <summary>Lets <c>dotnet ef</c> make migrations without starting the application.</summary>
internal sealed class AuthorityDbContextFactory : IDesignTimeDbContextFactory<AuthorityDbContext>
{
    public AuthorityDbContext CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<AuthorityDbContext>().UseSqlite("Data Source=:memory:").Options);
}
