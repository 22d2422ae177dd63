namespace StockMcp.Tools.Scopes;

/// <summary>
/// The scopes without which a tool is not called. The one statement of them: the check, the published <c>scopes_supported</c>, the challenge and the tool's <c>_meta</c>
/// are all read from here. A tool without it needs a valid token and nothing more.
/// </summary>
/// <param name="scopes">All of them are needed.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiresScopeAttribute(params string[] scopes) : Attribute
{
    /// <summary>The key under which a tool's <c>_meta</c> names them.</summary>
    public const string MetaKey = "io.stockmcp/required_scopes";

    /// <summary>All of them are needed.</summary>
    public IReadOnlyList<string> Scopes => scopes;
}
