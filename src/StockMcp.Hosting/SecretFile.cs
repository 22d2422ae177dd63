using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;

namespace StockMcp.Hosting;

/// <summary>Secrets live in files that only their owner can read, never in the environment or a default (PX-02).</summary>
public static class SecretFile
{
    private const int Bytes = 32;

    /// <summary>Reads 256 random bits from a file, and makes the file first if there is none.</summary>
    /// <exception cref="StartupException">The file is there but holds something else.</exception>
    public static byte[] ReadOrCreate(string path)
    {
        if (!File.Exists(path))
        {
            var fresh = $"{path}.{Environment.ProcessId}";
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var writer = new StreamWriter(fresh, options)) writer.Write(Convert.ToBase64String(RandomNumberGenerator.GetBytes(Bytes)));
            try
            {
                File.Move(fresh, path, overwrite: false);
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(fresh); // another copy starts at the same moment: the first file in place is everybody's
            }
        }
        return Parse(path);
    }

    /// <summary>The setting <paramref name="name"/>, or the content of the file that the setting <c>{name}File</c> names.</summary>
    /// <returns><see langword="null"/> when neither is set.</returns>
    /// <exception cref="StartupException">The file cannot be read.</exception>
    public static string? Setting(IConfiguration configuration, string name)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (configuration[name] is { Length: > 0 } value) return value;
        if (configuration[name + "File"] is not { Length: > 0 } path) return null;
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{name}File names {path}, which cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Refuses a secret between our own programs that could be guessed: what is good enough for a demonstration must not reach Production.</summary>
    /// <exception cref="StartupException">It has fewer than 32 characters.</exception>
    public static void RefuseShort(string secret, string name)
    {
        ArgumentNullException.ThrowIfNull(secret);
        if (secret.Length < Bytes) throw new StartupException($"{name} has fewer than {Bytes} characters, which Production refuses. Make one with: openssl rand -hex 32");
    }

    private static byte[] Parse(string path)
    {
        try
        {
            var secret = Convert.FromBase64String(File.ReadAllText(path).Trim());
            return secret.Length == Bytes ? secret : throw new FormatException($"{secret.Length} bytes");
        }
        catch (FormatException exception)
        {
            throw new StartupException($"{path} does not hold 32 bytes in base64. Restore it from your backup: without it, what was encrypted with it is lost.", exception);
        }
    }
}
