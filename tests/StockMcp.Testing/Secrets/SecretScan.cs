using System.Text;
using StackExchange.Redis;
using StockMcp.Testing.Harness;

namespace StockMcp.Testing.Secrets;

/// <summary>Looks for issued secrets where none may be: as they are, in both spellings of base64 at every offset, and URL-encoded.</summary>
internal static class SecretScan
{
    /// <summary>The log lines, database files, Redis keys and values, pages and answers that hold a secret of this run.</summary>
    public static async Task<IReadOnlyList<string>> FindAsync(StockMcpSystem system, IEnumerable<string>? pages = null)
    {
        // The demo's passwords stand on the sign-in page, for everybody.
        var needles = system.Secrets.All.Select(secret => new Needle(secret)).ToList();
        var secretsButPasswords = needles.Where(needle => needle.Secret.What != "password").ToList();
        var found = new List<string>();

        foreach (var line in system.Logs.Lines) Look("the log of " + line.Application, line.Text, needles);
        foreach (var file in DatabaseFiles(system.DataDirectory)) Look(Path.GetFileName(file), await ReadAsync(file), needles);
        await foreach (var (name, content) in RedisAsync(system)) Look(name, content, needles);
        foreach (var page in pages ?? []) Look("a page", page, secretsButPasswords);
        foreach (var probe in new[] { system.Server, system.Authority, system.Brokerage, system.Agent })
        {
            foreach (var request in probe.Requests.Where(request => !request.HandsOutTokens)) Look($"the answer to {request}", request.Answer, secretsButPasswords);
        }
        return found;

        void Look(string where, string content, List<Needle> sought)
        {
            foreach (var needle in sought.Where(needle => needle.IsIn(content))) found.Add($"{needle.Secret} is in {where}");
        }
    }

    public static IEnumerable<string> DatabaseFiles(string folder)
        => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(file => Path.GetExtension(file) is ".db" or ".db-wal" or ".db-journal");

    /// <summary>How many keys Redis holds.</summary>
    public static async Task<int> RedisKeysAsync(StockMcpSystem system)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var (name, content) in RedisAsync(system)) names.Add(name + content);
        return names.Count;
    }

    private static async Task<string> ReadAsync(string file)
    {
        await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy);
        return Encoding.Latin1.GetString(copy.GetBuffer(), 0, (int)copy.Length);
    }

    private static async IAsyncEnumerable<(string Name, string Content)> RedisAsync(StockMcpSystem system)
    {
        if (system.Running.Redis is not { } embedded) yield break;
        await using var redis = await ConnectionMultiplexer.ConnectAsync(embedded.ConnectionString + ",allowAdmin=true");
        var database = redis.GetDatabase();
        await foreach (var key in redis.GetServers()[0].KeysAsync())
        {
            yield return ("the name of a Redis key", Encoding.Latin1.GetString((byte[])key!));
            if (await database.KeyTypeAsync(key) == RedisType.String && (byte[]?)await database.StringGetAsync(key) is { } value) yield return ($"the Redis value {key}", Encoding.Latin1.GetString(value));
            if (await database.KeyTypeAsync(key) == RedisType.Hash) yield return ($"the Redis hash {key}", string.Join('\n', (await database.HashGetAllAsync(key)).Select(entry => $"{entry.Name} {entry.Value}")));
        }
    }

    private sealed class Needle(IssuedSecret secret)
    {
        private readonly string[] spellings = [.. Spellings(secret.Value).Distinct(StringComparer.Ordinal)];

        public IssuedSecret Secret => secret;

        public bool IsIn(string content) => spellings.Any(spelling => content.Contains(spelling, StringComparison.Ordinal));

        private static IEnumerable<string> Spellings(string value)
        {
            yield return value;
            yield return Uri.EscapeDataString(value);
            for (var offset = 0; offset < 3; offset++)
            {
                // What stands before and after changes the first and the last characters: they are left out.
                var bytes = new byte[offset + Encoding.UTF8.GetByteCount(value)];
                Encoding.UTF8.GetBytes(value, bytes.AsSpan(offset));
                var base64 = Convert.ToBase64String(bytes).TrimEnd('=');
                base64 = base64[(offset == 0 ? 0 : offset + 1)..^1];
                yield return base64;
                yield return base64.Replace('+', '-').Replace('/', '_');
            }
        }
    }
}
