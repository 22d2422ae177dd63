using StockMcp.Testing.ForeignClients;

namespace StockMcp.EndToEnd.Tests.Container;

/// <summary>
/// A part's program as its container runs it: with the image's environment, entry point and user. Where these tests may (as root), the file system is read-only but for the
/// data folder, and it has no capabilities; elsewhere it runs as whoever runs the tests.
/// </summary>
internal static class ContainerProcess
{
    private const string Alone = """
        mount --bind "$1" "$1"
        mount -o remount,bind,ro /
        shift
        exec setpriv --reuid=1654 --regid=1654 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"
        """;

    private static readonly Lazy<Task<bool>> s_canIsolate = new(CanIsolateAsync);

    /// <summary>Starts it.</summary>
    /// <param name="images">All images.</param>
    /// <param name="part">Server, Authority or Brokerage.</param>
    /// <param name="data">The folder that is <c>/data</c>.</param>
    /// <param name="environment">What its service sets.</param>
    /// <param name="arguments">Behind the entry point.</param>
    public static async Task<ForeignProcess> StartAsync(Images images, string part, string data, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var files = await ContainerFiles.ReadAsync();
        var app = await images.AppAsync(part);
        var all = new Dictionary<string, string>();
        foreach (var variable in files.Image.Where(instruction => instruction.Keyword == "ENV").SelectMany(instruction => instruction.Arguments))
            all[variable[..variable.IndexOf('=', StringComparison.Ordinal)]] = variable[(variable.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim('"').Replace("/data", data, StringComparison.Ordinal);
        foreach (var (name, value) in environment) all[name] = value;

        Directory.CreateDirectory(data);
        var program = Path.Combine(app, "stockmcp");
        if (!await s_canIsolate.Value) return ForeignProcess.Start(program, arguments, data, all);
        await using (var chown = ForeignProcess.Start("/bin/chown", ["--recursive", "1654:1654", data])) await chown.SucceedAsync();
        return ForeignProcess.Start("/usr/bin/unshare", ["--mount", "--", "/bin/sh", "-ec", Alone, "sh", data, program, .. arguments], data, all);
    }

    private static async Task<bool> CanIsolateAsync()
    {
        if (!Environment.IsPrivilegedProcess) return false;
        await using var probe = ForeignProcess.Start("/usr/bin/unshare", ["--mount", "--", "/bin/sh", "-ec", "mount -o remount,bind,ro /"]);
        return await probe.WaitForExitAsync() == 0;
    }
}
