using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace StockMcp.Testing.ForeignClients;

/// <summary>
/// Somebody else's program, with a home folder of its own and nothing of our environment but the path. What it prints is kept;
/// when the test is done with it, it and its children are ended.
/// </summary>
internal sealed class ForeignProcess : IAsyncDisposable
{
    /// <summary>How long anything may take before the test gives up on it: far longer than it ever should.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly SemaphoreSlim arrived = new(0);
    private readonly Task reading;

    private ForeignProcess(Process process)
    {
        this.process = process;
        reading = Task.WhenAll(ReadAsync(process.StandardOutput, StandardOutput), ReadAsync(process.StandardError, null));
    }

    /// <summary>Its id.</summary>
    public int Id => process.Id;

    /// <summary>What it printed so far, on both streams.</summary>
    public string Output
    {
        get
        {
            lock (output) return output.ToString();
        }
    }

    /// <summary>What it printed on its standard output alone. Read it once it has ended.</summary>
    public StringBuilder StandardOutput { get; } = new();

    /// <summary>Starts a script of the folder Clients.</summary>
    public static ForeignProcess StartScript(string script, IEnumerable<string> arguments, string? home = null)
        => Start(Toolbox.Node, [Path.Combine(Toolbox.Clients, script), .. arguments], home);

    public static ForeignProcess Start(string program, IEnumerable<string> arguments, string? home = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = home ?? Path.GetTempPath() };
        start.Environment.Clear();
        start.Environment["PATH"] = $"{Path.GetDirectoryName(Toolbox.Node)}:/usr/local/bin:/usr/bin:/bin";
        start.Environment["HOME"] = home ?? Path.GetTempPath();
        start.Environment["LANG"] = "C.UTF-8";
        if (AppContext.TryGetSwitch("System.Runtime.TieredPGO", out var measures) && !measures) start.Environment["DOTNET_TieredPGO"] = "0"; // as its starter, by Directory.Build.props
        if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is { } dotnet) start.Environment["DOTNET_ROOT"] = dotnet;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return new ForeignProcess(Process.Start(start)!);
    }

    /// <summary>Waits until it has printed something that fits.</summary>
    /// <exception cref="TimeoutException">It has not, or ended before.</exception>
    public async Task<Match> ReadUntilAsync(Regex pattern)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            if (pattern.Match(Output) is { Success: true } match) return match;
            if (reading.IsCompleted) throw new TimeoutException($"It ended before it printed {pattern}. It printed:\n{Output}");
            try
            {
                await arrived.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException exception)
            {
                throw new TimeoutException($"It did not print {pattern}. It printed:\n{Output}", exception);
            }
        }
    }

    public async Task WriteLineAsync(string line)
    {
        await process.StandardInput.WriteLineAsync(line);
        await process.StandardInput.FlushAsync();
    }

    /// <summary>Closes its standard input and waits until it has ended.</summary>
    /// <param name="patience">How long it may take at most; <see cref="Patience"/> unless given.</param>
    /// <returns>Its exit code.</returns>
    /// <exception cref="TimeoutException">It goes on.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan? patience = null)
    {
        process.StandardInput.Close();
        try
        {
            await process.WaitForExitAsync().WaitAsync(patience ?? Patience);
            await reading.WaitAsync(Patience);
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException($"It did not end. It printed:\n{Output}", exception);
        }
        return process.ExitCode;
    }

    /// <summary>Waits until it has ended well.</summary>
    /// <returns>What it printed on its standard output.</returns>
    public async Task<string> SucceedAsync(TimeSpan? patience = null)
    {
        (await WaitForExitAsync(patience)).Should().Be(0, Output);
        return StandardOutput.ToString();
    }

    /// <summary>Asks it to end, as a service manager would.</summary>
    public void Terminate()
    {
        using var kill = Process.Start("/bin/kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Ends it, and what it started, at once.</summary>
    public void Kill()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await reading;
        process.Dispose();
        arrived.Dispose();
    }

    private async Task ReadAsync(StreamReader reader, StringBuilder? alone)
    {
        var buffer = new char[4096];
        while (await reader.ReadAsync(buffer) is > 0 and var count)
        {
            lock (output) output.Append(buffer, 0, count);
            alone?.Append(buffer, 0, count);
            arrived.Release();
        }
        arrived.Release();
    }
}
