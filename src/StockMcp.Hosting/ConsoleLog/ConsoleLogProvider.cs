using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace StockMcp.Hosting.ConsoleLog;

/// <summary>
/// The console as it is set up under <c>Logging:Console</c>, with its formatters, but many lines at a time: the framework's own provider writes each by itself, and callers queue at its lock.
/// Who writes faster than the console reads, waits; a line is dropped only where a console reads nothing for five seconds.
/// </summary>
[ProviderAlias("Console")]
internal sealed class ConsoleLogProvider : ILoggerProvider, ISupportExternalScope
{
    private const int MostWaiting = 10_000;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private readonly Channel<string> lines = Channel.CreateBounded<string>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private readonly ConsoleFormatter formatter;
    private readonly Task writing;
    private IExternalScopeProvider scopes = new LoggerExternalScopeProvider();

    public ConsoleLogProvider(IEnumerable<ConsoleFormatter> formatters, IOptions<ConsoleLoggerOptions> options)
    {
        var known = formatters.ToDictionary(candidate => candidate.Name, StringComparer.OrdinalIgnoreCase);
        formatter = options.Value.FormatterName is { } name && known.TryGetValue(name, out var chosen) ? chosen : known[ConsoleFormatterNames.Simple];
        writing = Task.Run(WriteAsync);
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => scopes = scopeProvider;

    /// <summary>Writes what is still waiting.</summary>
    public void Dispose()
    {
        lines.Writer.TryComplete();
        writing.Wait(s_patience);
    }

    private async Task WriteAsync()
    {
        var batch = new StringBuilder();
        while (await lines.Reader.WaitToReadAsync())
        {
            while (batch.Length < 64 * 1024 && lines.Reader.TryRead(out var line)) batch.Append(line);
            try
            {
                await Console.Out.WriteAsync(batch);
            }
            catch (IOException)
            {
                // Whoever read it is gone. The work goes on.
            }
            batch.Clear();
        }
    }

    private void Add(string line)
    {
        while (!lines.Writer.TryWrite(line))
        {
            var room = lines.Writer.WaitToWriteAsync().AsTask();
            if (!room.Wait(s_patience) || !room.Result) return; // the console is stuck, or the application has ended
        }
    }

    private sealed class Logger(ConsoleLogProvider provider, string category) : ILogger
    {
        [ThreadStatic] private static StringWriter? s_writer;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => provider.scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            var writer = s_writer ??= new StringWriter(System.Globalization.CultureInfo.InvariantCulture);
            provider.formatter.Write(new LogEntry<TState>(logLevel, category, eventId, state, exception, formatter), provider.scopes, writer);
            var text = writer.GetStringBuilder();
            if (text.Length > 0) provider.Add(text.ToString());
            text.Clear();
        }
    }
}

/// <summary>The console.</summary>
internal static class ConsoleLogExtensions
{
    /// <summary>Takes the place of the framework's provider, if that is there: who took it away wants no console.</summary>
    public static void BatchConsoleLines(this ILoggingBuilder logging)
    {
        var framework = logging.Services.FirstOrDefault(service => service.ServiceType == typeof(ILoggerProvider) && service.ImplementationType == typeof(ConsoleLoggerProvider));
        if (framework is null) return;
        logging.Services.Remove(framework);
        logging.Services.TryAddEnumerable(ServiceDescriptor.Singleton<ILoggerProvider, ConsoleLogProvider>());
    }
}
