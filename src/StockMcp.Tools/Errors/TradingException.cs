namespace StockMcp.Tools.Errors;

/// <summary>A tool cannot answer. The message is written for the agent and its person: it holds nothing that came from upstream (RS-13).</summary>
public sealed class TradingException : Exception
{
    /// <inheritdoc/>
    public TradingException() { }

    /// <inheritdoc/>
    public TradingException(string message) : base(message) { }

    /// <inheritdoc/>
    public TradingException(string message, Exception innerException) : base(message, innerException) { }

    /// <summary>A failure of this kind.</summary>
    public TradingException(ErrorCode code, string message, Exception? innerException = null) : base(message, innerException) => Code = code;

    /// <summary>What kind of failure.</summary>
    public ErrorCode Code { get; } = ErrorCode.InternalError;

    /// <summary>The argument that was wrong.</summary>
    public string? Argument { get; init; }

    /// <summary>The page that mends it.</summary>
    public string? ConnectUri { get; init; }

    /// <summary>Stable code of the limit that was reached.</summary>
    public string? Limit { get; init; }

    /// <summary>Whether something that was asked for before may have been bought or sold meanwhile.</summary>
    public bool MoneyMayHaveMoved { get; init; }

    /// <summary>Whether the same call can succeed a little later, with nothing done in between.</summary>
    public bool CanRetry => Code is ErrorCode.UpstreamUnavailable or ErrorCode.TooManyRequests;

    /// <summary>An argument is wrong.</summary>
    /// <param name="argument">Its name.</param>
    /// <param name="message">What is allowed.</param>
    public static TradingException InvalidArgument(string argument, string message) => new(ErrorCode.InvalidArgument, message) { Argument = argument };

    /// <summary>Somebody upstream is away.</summary>
    /// <param name="who">Who, as the subject of the sentence.</param>
    /// <param name="cause">How it showed.</param>
    public static TradingException Unavailable(string who, Exception? cause = null)
        => new(ErrorCode.UpstreamUnavailable, $"Upstream unavailable: {who} does not answer right now. Retry in a few seconds.", cause);
}
