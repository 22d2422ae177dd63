namespace StockMcp.Authority.Registration;

/// <summary>What clients may register themselves.</summary>
internal sealed record RegistrationOptions
{
    public const string Section = "Registration";

    /// <summary>Private-use schemes without a dot that redirect URIs may have all the same: those of known apps. Set in the settings file.</summary>
    public IReadOnlyList<string> PrivateUseSchemes { get; init; } = [];
}
