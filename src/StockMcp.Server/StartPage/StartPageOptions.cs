namespace StockMcp.Server.StartPage;

/// <summary>What the operator adds to the start page.</summary>
public sealed class StartPageOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "StartPage";

    /// <summary>How people sign in here, in a sentence; nothing unless set. Everybody can read it.</summary>
    public string? SignInHint { get; init; }
}
