using System.ComponentModel.DataAnnotations;

namespace StockMcp.Server.StartPage;

/// <summary>What the operator adds to the start page.</summary>
public sealed class StartPageOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "StartPage";

    /// <summary>The page's path: <c>/</c> unless set. Another one where the origin is shared with the authorization server, which has a page there, too.</summary>
    [RegularExpression("^/[a-z0-9-]{0,32}$", ErrorMessage = Section + ":{0} must be a slash, and at most 32 lower-case letters, digits or hyphens after it.")]
    public string Path { get; init; } = "/";

    /// <summary>How people sign in here, in a sentence; nothing unless set. Everybody can read it.</summary>
    public string? SignInHint { get; init; }
}
