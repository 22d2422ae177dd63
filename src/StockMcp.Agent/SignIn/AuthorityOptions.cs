using System.ComponentModel.DataAnnotations;

namespace StockMcp.Agent.SignIn;

/// <summary>The setting <c>Authority</c>: where people sign in, and what this agent is there.</summary>
public sealed record AuthorityOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Authority";

    /// <summary>The authorization server's issuer.</summary>
    [Required(ErrorMessage = Section + ":Issuer is not set. Set it to the authorization server's issuer, for example https://authority.example.com/.")]
    public Uri? Issuer { get; init; }

    /// <summary>This agent's client_id there.</summary>
    [Required(ErrorMessage = Section + ":ClientId is not set. Register this agent at the authorization server as a client of the code flow, and set its client_id.")]
    public string ClientId { get; init; } = "";

    /// <summary>Its secret there.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>The file that holds its secret.</summary>
    public string? ClientSecretFile { get; init; }

    /// <summary>Whether a link that a tool gave leads there: no other is shown to a person.</summary>
    public bool Owns(string? link) => Uri.TryCreate(link, UriKind.Absolute, out var url) && url.GetLeftPart(UriPartial.Authority) == Issuer!.GetLeftPart(UriPartial.Authority) && url.UserInfo.Length == 0;

    /// <inheritdoc/>
    public override string ToString() => $"{ClientId} at {Issuer}";
}
