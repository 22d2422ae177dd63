using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StockMcp.AuthorizationServer.Keys;

/// <summary>A key that signs tokens: ES256, made by the server itself.</summary>
public sealed class SigningKey
{
    /// <summary>The key's id in the JWKS and in each token's header (RFC 7517, section 4.5).</summary>
    public required string Kid { get; init; }

    /// <summary>One more than that of the key before it. Two copies that rotate at once cannot both make the next one.</summary>
    public required int Generation { get; init; }

    /// <summary>The private key (PKCS #8), encrypted by the master secret and bound to <see cref="Kid"/>.</summary>
    public required byte[] PrivateKey { get; init; }

    /// <summary>When it was made: from then on it is published.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From when on it signs, in place of the one before it.</summary>
    public required DateTimeOffset SignsFrom { get; init; }

    /// <summary>Configures its table.</summary>
    internal static void Configure(EntityTypeBuilder<SigningKey> builder)
    {
        builder.HasKey(key => key.Kid);
        builder.HasIndex(key => key.Generation).IsUnique();
    }
}

/// <summary>Where a key is in its life (KM-01).</summary>
public enum SigningKeyState
{
    /// <summary>Published, so that everybody knows it before it signs.</summary>
    Announced,

    /// <summary>Signs.</summary>
    Signing,

    /// <summary>Signs no more, but still published: tokens that it signed are about.</summary>
    Retired,

    /// <summary>Not published any more; it is about to be deleted.</summary>
    Removed,
}
