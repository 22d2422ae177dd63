using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace StockMcp.Authority.Tests.Database;

/// <summary>What was asked of the database, and with what.</summary>
/// <param name="Sql"></param>
/// <param name="Parameters"></param>
/// <param name="OfRequest">Whether a request asked it, and not what the application does by itself from time to time.</param>
internal sealed record Statement(string Sql, IReadOnlyList<(string Name, object Value)> Parameters, bool OfRequest);

/// <summary>Notes each statement of a flow.</summary>
internal sealed class Statements : DbCommandInterceptor
{
    private readonly ConcurrentQueue<Statement> all = new();

    public IReadOnlyList<Statement> All => [.. all];

    public void Clear() => all.Clear();

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        Add(command);
        return new(result);
    }

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        Add(command);
        return new(result);
    }

    private void Add(DbCommand command) => all.Enqueue(new Statement(command.CommandText.ReplaceLineEndings("\n"), [.. command.Parameters.Cast<DbParameter>().Select(parameter => (parameter.ParameterName, parameter.Value ?? DBNull.Value))], Activity.Current is not null));
}
