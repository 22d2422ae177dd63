namespace StockMcp.Testing.ForeignClients;

/// <summary>A program that a test needs beside the .NET SDK.</summary>
internal enum Tool
{
    /// <summary>Node 22 and the clients, from <c>npm ci</c> in the folder Clients.</summary>
    Node,

    /// <summary>Debian's Chromium.</summary>
    Chromium,

    /// <summary>A real Redis, where Garnet will not do.</summary>
    RedisServer,

    /// <summary>Debian's PostgreSQL, any version.</summary>
    PostgreSql,

    /// <summary>Debian's Caddy, as the containers have it in front.</summary>
    Caddy,

    /// <summary>Gives a program the terminal that it insists on.</summary>
    Script,
}

/// <summary>Where the tools are on this machine.</summary>
internal static class Toolbox
{
    /// <summary>The folder Clients of this project: the package of all foreign clients, and our scripts for them.</summary>
    /// <summary>The folder that everything lies in.</summary>
    public static string Repository { get; } = FindRepository();

    public static string Clients { get; } = Path.Combine(Repository, "tests", "StockMcp.EndToEnd.Tests", "Clients");

    public static string Node => Bin("node");

    public static string Chromium => "/usr/bin/chromium";

    public static string RedisServer => "/usr/bin/redis-server";

    /// <summary>The folder of the newest PostgreSQL's programs.</summary>
    public static string PostgreSql { get; } = Directory.Exists("/usr/lib/postgresql")
        ? Path.Combine(Directory.EnumerateDirectories("/usr/lib/postgresql").OrderByDescending(version => int.TryParse(Path.GetFileName(version), out var number) ? number : 0).First(), "bin")
        : "/usr/lib/postgresql/15/bin";

    public static string Caddy => "/usr/bin/caddy";

    public static string Script => "/usr/bin/script";

    /// <summary>A program of the clients' package.</summary>
    public static string Bin(string name) => Path.Combine(Clients, "node_modules", ".bin", name);

    public static bool Has(Tool tool) => File.Exists(PathOf(tool));

    public static string Cure(Tool tool) => tool switch
    {
        Tool.Node => $"Run 'npm ci' in {Clients}.",
        Tool.Chromium => "Install Debian's package chromium.",
        Tool.PostgreSql => "Install Debian's package postgresql.",
        Tool.RedisServer => "Install Debian's package redis-server.",
        Tool.Caddy => "Install Debian's package caddy.",
        _ => "Install Debian's package bsdutils.",
    };

    private static string PathOf(Tool tool) => tool switch { Tool.Node => Node, Tool.Chromium => Chromium, Tool.RedisServer => RedisServer, Tool.Caddy => Caddy, Tool.PostgreSql => Path.Combine(PostgreSql, "initdb"), _ => Script };

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "StockMcp.sln"))) folder = folder.Parent ?? throw new InvalidOperationException("These tests run from inside the repository only.");
        return folder.FullName;
    }
}
