using System.Runtime.InteropServices;
using StockMcp.Hosting;

namespace StockMcp.AppHost;

/// <summary>Starts everything with embedded defaults, in one process, and stops it in order.</summary>
public static class Program
{
    /// <summary>Runs until Ctrl-C.</summary>
    /// <returns>0 after an orderly stop, 1 when it could not start.</returns>
    public static async Task<int> Main(string[] args)
    {
        var stop = new TaskCompletionSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            await using var system = await DevelopmentSystem.StartAsync(CommandLine.Parse(args));
            await Console.Out.WriteLineAsync(Welcome.Text(system));
            await stop.Task;
            return 0;
        }
        catch (Exception exception) when (ServiceHost.Explain(exception) is { } explanation)
        {
            await Console.Error.WriteLineAsync(explanation);
            return 1;
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.TrySetResult();
        }
    }
}
