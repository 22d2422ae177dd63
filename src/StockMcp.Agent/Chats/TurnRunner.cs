using System.Threading.Channels;

namespace StockMcp.Agent.Chats;

/// <summary>Runs turns to their end, whether or not the page that began them stays open.</summary>
internal sealed partial class TurnRunner(IServiceScopeFactory scopes, IHostApplicationLifetime application, ILogger<TurnRunner> log)
{
    /// <summary>Begins a turn of a chat that the caller has taken; lets the chat go in the end.</summary>
    /// <returns>What happens, as it happens; complete when the turn is.</returns>
    public ChannelReader<TurnEvent> Start(string subject, Guid chatId, Guid turn)
    {
        var events = Channel.CreateUnbounded<TurnEvent>(new() { SingleReader = true });
        _ = Task.Run(() => RunAsync(subject, chatId, turn, events.Writer), CancellationToken.None);
        return events.Reader;
    }

    private async Task RunAsync(string subject, Guid chatId, Guid turn, ChannelWriter<TurnEvent> events)
    {
        await using var scope = scopes.CreateAsyncScope();
        try
        {
            await scope.ServiceProvider.GetRequiredService<ChatTurn>().RunAsync(subject, chatId, turn, told => events.TryWrite(told), application.ApplicationStopping);
            await scope.ServiceProvider.GetRequiredService<ChatStore>().ReleaseAsync(chatId, turn, CancellationToken.None);
        }
        // Nobody waits for this task: what went wrong is in the log, and the page shows that there was no answer.
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogFailed(exception);
        }
        finally
        {
            events.TryComplete();
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "A turn of a chat failed")]
    private partial void LogFailed(Exception exception);
}
