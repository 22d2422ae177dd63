using StockMcp.Hosting;

namespace StockMcp.AppHost;

/// <summary>The secrets that the applications share: made on first start, each in a file that only its owner can read.</summary>
internal sealed class DevelopmentSecrets
{
    private readonly string folder;

    public DevelopmentSecrets(string dataDirectory)
    {
        folder = Path.Combine(dataDirectory, "secrets");
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>The Authority's client secret at the Brokerage.</summary>
    public string AuthorityAtBrokerage => Text("authority-at-brokerage");

    /// <summary>The Server's client secret at the Authority.</summary>
    public string ServerAtAuthority => Text("server-at-authority");

    /// <summary>The Agent's client secret at the Authority.</summary>
    public string AgentAtAuthority => Text("agent-at-authority");

    /// <summary>The password of the Redis in this process.</summary>
    public string Redis => Text("redis");

    /// <summary>The key under which the Server encrypts what it keeps in Redis, in base64.</summary>
    public string ServerCacheKey => Convert.ToBase64String(Read("server-cache"));

    private string Text(string name) => Convert.ToHexStringLower(Read(name));

    private byte[] Read(string name) => SecretFile.ReadOrCreate(Path.Combine(folder, name + ".secret"));
}
