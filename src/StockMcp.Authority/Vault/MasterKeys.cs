using System.Globalization;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Hosting;

namespace StockMcp.Authority.Vault;

/// <summary>The vault's master keys, one file each, named by its version: the highest wraps, all unwrap. They wrap people's keys and nothing else.</summary>
internal sealed class MasterKeys
{
    private readonly Dictionary<int, MasterSecret> keys;

    private MasterKeys(Dictionary<int, MasterSecret> keys) => this.keys = keys;

    public int Current => keys.Keys.Max();

    /// <exception cref="StartupException">A file is there but holds something else.</exception>
    public static MasterKeys From(IConfiguration configuration)
    {
        var folder = configuration["Vault:MasterKeys"] is { Length: > 0 } set ? set : Path.Combine(DataDirectory.From(configuration), "vault-keys");
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        SecretFile.ReadOrCreate(Path.Combine(folder, "1.key"));
        return new MasterKeys(Directory.EnumerateFiles(folder, "*.key")
            .Where(file => int.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .ToDictionary(file => int.Parse(Path.GetFileNameWithoutExtension(file), CultureInfo.InvariantCulture), file => new MasterSecret(SecretFile.ReadOrCreate(file))));
    }

    /// <exception cref="VaultException">The version's file is not there.</exception>
    public MasterSecret Get(int version) => keys.GetValueOrDefault(version) ?? throw new VaultException($"Master key {version} of the vault is missing: restore {version}.key.");
}
