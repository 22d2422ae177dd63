using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StockMcp.Authority.SignIn;

namespace StockMcp.Authority.Consent;

/// <summary>What a person allowed an agent: one entry per person, client, resource and host that the browser goes back to.</summary>
public sealed class AgentConsent
{
    /// <summary>The person.</summary>
    public required Guid PersonId { get; init; }

    /// <summary>The agent's client_id.</summary>
    public required string ClientId { get; init; }

    /// <summary>The resource it may reach.</summary>
    public required string Resource { get; init; }

    /// <summary>Scheme, host and port of its redirect URI; without the port on loopback, where native apps take any.</summary>
    public required string RedirectHost { get; init; }

    /// <summary>The allowed scopes, separated by spaces.</summary>
    public string Scopes { get; set; } = "";

    /// <summary>When the person last said so.</summary>
    public DateTimeOffset GrantedAt { get; set; }

    /// <summary>When the agent last got a token.</summary>
    public DateTimeOffset? LastUsedAt { get; set; }

    /// <summary>The allowed scopes.</summary>
    public IReadOnlyList<string> GrantedScopes => Scopes.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What of a redirect URI a consent is bound to.</summary>
    public static string HostOf(Uri redirectUri) => redirectUri.IsLoopback ? $"{redirectUri.Scheme}://{redirectUri.Host}" : redirectUri.Host.Length > 0 ? redirectUri.GetLeftPart(UriPartial.Authority) : redirectUri.Scheme + ":";
}

internal sealed class AgentConsentConfiguration : IEntityTypeConfiguration<AgentConsent>
{
    public void Configure(EntityTypeBuilder<AgentConsent> builder)
    {
        builder.HasKey(consent => new { consent.PersonId, consent.ClientId, consent.Resource, consent.RedirectHost });
        builder.HasIndex(consent => consent.ClientId);
        builder.HasOne<Person>().WithMany().HasForeignKey(consent => consent.PersonId).OnDelete(DeleteBehavior.Cascade);
        builder.Ignore(consent => consent.GrantedScopes);
    }
}
