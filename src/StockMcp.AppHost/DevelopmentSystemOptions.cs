using Microsoft.AspNetCore.Builder;

namespace StockMcp.AppHost;

/// <summary>How a <see cref="DevelopmentSystem"/> starts. The defaults are those of <c>dotnet run</c>.</summary>
public sealed record DevelopmentSystemOptions
{
    /// <summary>Where everything that outlives a restart is kept; <c>.data</c> in the working directory unless set.</summary>
    public string DataDirectory { get; init; } = ".data";

    /// <summary>The Server's port on loopback, 7001 unless set; 0 takes a free one.</summary>
    public int ServerPort { get; init; } = 7001;

    /// <summary>The Authority's port on loopback, 7002 unless set; 0 takes a free one.</summary>
    public int AuthorityPort { get; init; } = 7002;

    /// <summary>The Brokerage's port on loopback, 7003 unless set; 0 takes a free one.</summary>
    public int BrokeragePort { get; init; } = 7003;

    /// <summary>The Agent's port on loopback, 7004 unless set; 0 takes a free one.</summary>
    public int AgentPort { get; init; } = 7004;

    /// <summary>Whether the Agent starts, too. It does unless set.</summary>
    public bool WithAgent { get; init; } = true;

    /// <summary>The connection string of a Redis to use; Garnet runs in this process unless set. Empty for no Redis at all.</summary>
    public string? Redis { get; init; }

    /// <summary>Further settings of the Server, over its defaults.</summary>
    public IReadOnlyDictionary<string, string?> ServerSettings { get; init; } = new Dictionary<string, string?>();

    /// <summary>Further settings of the Authority, over its defaults.</summary>
    public IReadOnlyDictionary<string, string?> AuthoritySettings { get; init; } = new Dictionary<string, string?>();

    /// <summary>Further settings of the Brokerage, over its defaults.</summary>
    public IReadOnlyDictionary<string, string?> BrokerageSettings { get; init; } = new Dictionary<string, string?>();

    /// <summary>Further settings of the Agent, over its defaults.</summary>
    public IReadOnlyDictionary<string, string?> AgentSettings { get; init; } = new Dictionary<string, string?>();

    /// <summary>Runs on each application's builder, with the application's name, before its own set-up: a test's clock, its log, its probes.</summary>
    public Action<string, WebApplicationBuilder>? Configure { get; init; }
}
