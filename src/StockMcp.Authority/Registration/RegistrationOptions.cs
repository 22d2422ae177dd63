using System.ComponentModel.DataAnnotations;

namespace StockMcp.Authority.Registration;

/// <summary>What clients may register themselves, and how many of them.</summary>
internal sealed record RegistrationOptions
{
    public const string Section = "Registration";

    /// <summary>Private-use schemes without a dot that redirect URIs may have all the same: those of known apps. Set in the settings file.</summary>
    public IReadOnlyList<string> PrivateUseSchemes { get; init; } = [];

    /// <summary>How many clients may register from one address (IPv6: one /64 network) in an hour. 1 to 1,000,000; 10 unless set.</summary>
    [Range(1, 1_000_000, ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public int PerAddressAndHour { get; init; } = 10;

    /// <summary>How many registered clients there may be at a time. 1 to 10,000,000; 10,000 unless set.</summary>
    [Range(1, 10_000_000, ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public int MostClients { get; init; } = 10_000;
}
