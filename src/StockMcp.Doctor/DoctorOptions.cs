using StockMcp.Doctor.Http;

namespace StockMcp.Doctor;

/// <summary>What the person asked for.</summary>
internal sealed record DoctorOptions
{
    /// <summary>The MCP server's URL, as it is typed into a client.</summary>
    public required string Url { get; init; }

    /// <summary>Registers as each known client does. Writes to the authorization server.</summary>
    public bool Register { get; init; }

    /// <summary>Lets the person sign in at a URL that is printed, and goes on with the token.</summary>
    public bool Login { get; init; }

    /// <summary>A token to go on with.</summary>
    public Secret? Token { get; init; }

    /// <summary>A client that is registered already.</summary>
    public string? ClientId { get; init; }

    /// <summary>Its secret, if it has one.</summary>
    public Secret? ClientSecret { get; init; }

    /// <summary>The loopback port of the redirect URI; a free one unless set.</summary>
    public int RedirectPort { get; init; }

    /// <summary>The scopes to ask for; what the challenge names unless set.</summary>
    public string? Scope { get; init; }

    /// <summary>The tool to call; a read-only one without required arguments unless set.</summary>
    public string? Tool { get; init; }

    /// <summary>A tool that the token has no scope for. It is called with empty arguments.</summary>
    public string? StepUpTool { get; init; }

    /// <summary>How long one answer may take; 15 seconds unless set.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long the person may take to sign in; five minutes unless set.</summary>
    public TimeSpan LoginTimeout { get; init; } = TimeSpan.FromMinutes(5);
}
