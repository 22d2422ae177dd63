using System.Data.Common;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenIddict.Abstractions;
using StockMcp.AuthorizationServer.Errors;

namespace StockMcp.AuthorizationServer.Database;

/// <summary>A database that is locked, full or gone: 503 with Retry-After, and nothing that was begun goes out (FD-02).</summary>
public static partial class DatabaseOutage
{
    private const string RetryAfter = "5";

    // SQLITE_BUSY, LOCKED, NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB.
    private static readonly HashSet<int> s_sqlite = [5, 6, 7, 8, 10, 11, 13, 14, 15, 26];

    // PostgreSQL, appendix A: connection exception, invalid catalog name, transaction rollback, insufficient resources, object not in prerequisite state, operator intervention, system error.
    private static readonly string[] s_sqlStates = ["08", "3D", "40", "53", "55", "57", "58"];

    /// <summary>Whether an exception says that the database cannot be used now, rather than that something was wrong with what was asked of it.</summary>
    public static bool Is(Exception? exception) => exception switch
    {
        null => false,
        SqliteException sqlite => s_sqlite.Contains(sqlite.SqliteErrorCode),
        DbException { IsTransient: true } => true,
        DbException { SqlState: { } state } => Array.Exists(s_sqlStates, start => state.StartsWith(start, StringComparison.Ordinal)),
        DbException { InnerException: null } => false,
        DbException { InnerException: IOException or TimeoutException or System.Net.Sockets.SocketException } => true,
        _ => Is(exception.InnerException),
    };

    /// <summary>Answers 503 where a request fails for that reason, or for one of <paramref name="others"/>.</summary>
    /// <param name="app">The application.</param>
    /// <param name="others">Further exceptions after which nothing may be answered but 503.</param>
    public static void UseDatabaseOutage(this IApplicationBuilder app, Func<Exception, bool>? others = null) => app.Use(async (context, next) =>
    {
        try
        {
            await next(context);
        }
        catch (Exception exception) when (!context.Response.HasStarted && (Is(exception) || others?.Invoke(exception) is true))
        {
            LogOutage(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(DatabaseOutage).FullName!), exception, context.Request.Path.Value ?? "/");
            context.Response.Headers.Remove("Set-Cookie");
            context.Response.Headers.Remove("Location");
            context.Response.Headers.RetryAfter = RetryAfter;
            await ErrorPage.WriteAsync(context, OpenIddictConstants.Errors.TemporarilyUnavailable, "This cannot be done right now, and nothing was changed. Try again in a few seconds.", StatusCodes.Status503ServiceUnavailable);
        }
    });

    [LoggerMessage(EventId = 1, EventName = "DatabaseOutage", Level = LogLevel.Error, Message = "{Path} was answered with 503: the database cannot be used.")]
    private static partial void LogOutage(ILogger log, Exception exception, string path);
}
