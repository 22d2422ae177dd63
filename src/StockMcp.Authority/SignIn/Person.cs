using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace StockMcp.Authority.SignIn;

/// <summary>Someone whose agents get tokens here. How they sign in is the connections' business: nothing but their name and their mail address is known.</summary>
public sealed class Person
{
    /// <summary>The subject of tokens.</summary>
    public Guid Id { get; init; }

    /// <summary>What the connection that they signed in at calls them.</summary>
    public required string DisplayName { get; set; }

    /// <summary>Where mail about approvals goes, as the connection says; none if it does not.</summary>
    public string? Email { get; set; }

    /// <summary>Whether they want no mail.</summary>
    public bool MailOff { get; set; }

    /// <summary>When they first signed in.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Id.ToString();
}

internal sealed class PersonConfiguration : IEntityTypeConfiguration<Person>
{
    public void Configure(EntityTypeBuilder<Person> builder)
    {
        builder.Property(person => person.DisplayName).HasMaxLength(200);
        builder.Property(person => person.Email).HasMaxLength(254);
    }
}
