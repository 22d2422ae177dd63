using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace StockMcp.Hosting;

/// <summary>Runs an application so that a mistake of its operator ends in one line that says what to do, and exit code 1.</summary>
public static class ServiceHost
{
    /// <summary>Builds and runs the application until it is told to stop.</summary>
    /// <param name="build">Builds it from the command line's arguments.</param>
    /// <param name="args">The command line's arguments.</param>
    /// <returns>0 after an orderly stop, 1 when it could not start.</returns>
    public static async Task<int> RunAsync(Func<string[], WebApplication> build, string[] args)
    {
        ArgumentNullException.ThrowIfNull(build);
        try
        {
            await using var app = build(args);
            await app.RunAsync();
            return 0;
        }
        catch (Exception exception) when (Explain(exception) is { } explanation)
        {
            await Console.Error.WriteLineAsync(explanation);
            return 1;
        }
    }

    /// <summary>What the operator should do about an exception at start, in one line; <see langword="null"/> if it is not the operator's mistake.</summary>
    public static string? Explain(Exception exception) => exception switch
    {
        StartupException startup => startup.Message,
        OptionsValidationException options => "Settings: " + string.Join(" ", options.Failures),
        IOException { InnerException: AddressInUseException or SocketException } io => $"{io.Message.TrimEnd('.')}. Stop the other program, or choose another address with --urls or the setting Urls.",
        UnauthorizedAccessException or IOException => $"{exception.Message} Give this user the right to write there, or choose another folder with the setting DataDirectory.",
        InvalidOperationException { InnerException: { } inner } binding when binding.Message.Contains("configuration", StringComparison.OrdinalIgnoreCase)
            => $"Settings: {binding.Message} {inner.Message}".ReplaceLineEndings(" "),
        InvalidOperationException unknown when unknown.Message.Contains("ErrorOnUnknownConfiguration", StringComparison.Ordinal) => UnknownSetting(unknown.Message),
        AggregateException { InnerExceptions: [var only] } => Explain(only),
        _ => null,
    };

    // The binder's message ends in: "… not found on the instance of Namespace.MarketOptions: 'Sped', 'Seeed'".
    private static string UnknownSetting(string message)
    {
        var end = message[(message.LastIndexOf(" of ", StringComparison.Ordinal) + 4)..].Split(':', 2);
        var section = end[0].Split('.')[^1].Replace("Options", "", StringComparison.Ordinal);
        return $"Settings: {section} has no{end[^1]}. Correct the name, or remove the setting.";
    }
}

/// <summary>The application cannot start, and its operator can mend it. The message says how, in one line.</summary>
public sealed class StartupException : Exception
{
    /// <inheritdoc/>
    public StartupException() { }

    /// <inheritdoc/>
    public StartupException(string message) : base(message) { }

    /// <inheritdoc/>
    public StartupException(string message, Exception innerException) : base(message, innerException) { }
}
