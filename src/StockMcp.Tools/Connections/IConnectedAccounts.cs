using System.ComponentModel;
using StockMcp.Tools.Errors;

namespace StockMcp.Tools.Connections;

/// <summary>The accounts that the current caller's person has connected.</summary>
public interface IConnectedAccounts
{
    /// <summary>All of them, whatever their state.</summary>
    /// <exception cref="TradingException">They cannot be read now.</exception>
    Task<IReadOnlyList<ConnectedAccount>> ListAsync(CancellationToken cancellationToken);
}

/// <summary>Whether an account can be used.</summary>
public enum ConnectionState
{
    /// <summary>It can.</summary>
    Connected,

    /// <summary>The person has to sign in at the brokerage again.</summary>
    ReconnectNeeded,

    /// <summary>The person ended it.</summary>
    Disconnected,
}

/// <summary>An account at a brokerage.</summary>
public sealed record ConnectedAccount
{
    /// <summary>The connection's name.</summary>
    [Description("Name of the connection.")]
    public required string Connection { get; init; }

    /// <summary>The brokerage's name.</summary>
    [Description("Name of the brokerage.")]
    public string? Brokerage { get; init; }

    /// <summary>Whose account it is, in the brokerage's words.</summary>
    [Description("Whose account it is, in the brokerage's words.")]
    public string? AccountName { get; init; }

    /// <summary>Whether it can be used.</summary>
    [Description("Whether it can be used. reconnect_needed and disconnected: the person opens connect_uri.")]
    public required ConnectionState State { get; init; }

    /// <summary>What it can serve, in the agent's words.</summary>
    [Description("The scopes that this connection can serve.")]
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>Where the person connects it, or connects it again.</summary>
    [Description("Page where the person connects the account, or connects it again.")]
    public string? ConnectUri { get; init; }
}
