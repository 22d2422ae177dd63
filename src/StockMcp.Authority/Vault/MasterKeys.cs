using System.Collections.Concurrent;
using System.Globalization;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Hosting;

namespace StockMcp.Authority.Vault;

/// <summary>
/// The vault's master keys, one file each, named by its version: the highest wraps, all from the minimum on unwrap. They wrap people's keys and nothing else. The folder is
/// read anew each time, so that a copy that runs while a key is added needs no restart; copies on several machines share the folder.
/// </summary>
internal sealed class MasterKeys
{
    private const string MinimumFile = "minimum";
    private readonly ConcurrentDictionary<int, MasterSecret> read = new();
    private readonly string folder;

    private MasterKeys(string folder) => this.folder = folder;

    /// <summary>The version that wraps.</summary>
    public int Current => Versions().DefaultIfEmpty(Minimum).Max();

    /// <summary>The lowest version that is still honoured. It is kept beside the keys, not in the database: whoever puts back an old row there gains nothing.</summary>
    public int Minimum => Path.Combine(folder, MinimumFile) is var file && File.Exists(file) && int.TryParse(File.ReadAllText(file), NumberStyles.None, CultureInfo.InvariantCulture, out var minimum) ? minimum : 1;

    /// <exception cref="StartupException">A file is there but holds something else.</exception>
    public static MasterKeys From(IConfiguration configuration)
    {
        var path = configuration["Vault:MasterKeys"] is { Length: > 0 } set ? set : Path.Combine(DataDirectory.From(configuration), "vault-keys");
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
        else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var keys = new MasterKeys(path);
        if (!keys.Versions().Any()) SecretFile.ReadOrCreate(keys.FileOf(keys.Minimum));
        foreach (var version in keys.Versions()) keys.read[version] = new MasterSecret(SecretFile.ReadOrCreate(keys.FileOf(version)));
        return keys;
    }

    /// <exception cref="VaultException">The version's file is not there, or the version is not honoured any more.</exception>
    public MasterSecret Get(int version)
    {
        if (version < Minimum) throw new VaultException($"Master key {version} of the vault is not honoured any more: {Minimum} is the oldest that is.");
        if (read.TryGetValue(version, out var known)) return known;
        if (!File.Exists(FileOf(version))) throw new VaultException($"Master key {version} of the vault is missing: restore {version}.key.");
        return read.GetOrAdd(version, new MasterSecret(SecretFile.ReadOrCreate(FileOf(version))));
    }

    /// <summary>Makes the next key; from now on it wraps.</summary>
    /// <returns>Its version.</returns>
    public int Add()
    {
        var version = Current + 1;
        SecretFile.ReadOrCreate(FileOf(version));
        return version;
    }

    /// <summary>From now on no older version is honoured.</summary>
    public void HonourFrom(int version)
    {
        var fresh = Path.Combine(folder, $"{MinimumFile}.{Environment.ProcessId}");
        File.WriteAllText(fresh, version.ToString(CultureInfo.InvariantCulture));
        File.Move(fresh, Path.Combine(folder, MinimumFile), overwrite: true);
    }

    private string FileOf(int version) => Path.Combine(folder, version.ToString(CultureInfo.InvariantCulture) + ".key");

    private IEnumerable<int> Versions() => Directory.EnumerateFiles(folder, "*.key")
        .Select(file => int.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0)
        .Where(version => version > 0);
}
