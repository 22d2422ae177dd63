using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace StockMcp.Testing.Harness;

/// <summary>A line of a log.</summary>
internal sealed record LogLine(string Application, LogLevel Level, string Category, string Text)
{
    public override string ToString() => $"{Application} {Level} {Category}: {Text}";
}

/// <summary>What the applications log, as their console would show it, with the named values of each line.</summary>
internal sealed class CapturedLogs
{
    private readonly ConcurrentQueue<LogLine> lines = new();

    public IReadOnlyList<LogLine> Lines => [.. lines];

    public ILoggerProvider For(string application) => new Provider(this, application);

    public override string ToString() => string.Join(Environment.NewLine, lines);

    private sealed class Provider(CapturedLogs logs, string application) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => new Logger(logs, application, categoryName);

        public void Dispose()
        {
        }
    }

    private sealed class Logger(CapturedLogs logs, string application, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var values = state is IEnumerable<KeyValuePair<string, object?>> named ? string.Join(", ", named.Where(value => value.Key != "{OriginalFormat}").Select(value => $"{value.Key}={value.Value}")) : "";
            logs.lines.Enqueue(new LogLine(application, logLevel, category, $"{formatter(state, exception)} [{values}] {exception}".Trim()));
        }
    }
}
