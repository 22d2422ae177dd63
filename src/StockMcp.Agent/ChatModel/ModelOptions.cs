using System.ComponentModel.DataAnnotations;

namespace StockMcp.Agent.ChatModel;

/// <summary>The setting <c>Model</c>.</summary>
public sealed record ModelOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Model";

    /// <summary>openai, anthropic or ollama; empty for the command grammar.</summary>
    [AllowedValues("", "openai", "anthropic", "ollama", ErrorMessage = Section + ":{0} must be openai, anthropic, ollama, or empty for the command grammar.")]
    public string Provider { get; init; } = "";

    /// <summary>The endpoint; the provider's own unless set.</summary>
    public Uri? Url { get; init; }

    /// <summary>The model's name there.</summary>
    public string Name { get; init; } = "";

    /// <summary>The key.</summary>
    public string? ApiKey { get; init; }

    /// <summary>The file that holds the key.</summary>
    public string? ApiKeyFile { get; init; }

    /// <summary>How long one answer may take: 1 second to 5 minutes; a minute unless set.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00", ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(1);

    /// <inheritdoc/>
    public override string ToString() => $"{Provider} {Name}";
}
