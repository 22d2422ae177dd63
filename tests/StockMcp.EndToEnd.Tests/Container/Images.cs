using System.Collections;
using System.Text;
using System.Text.RegularExpressions;
using StockMcp.EndToEnd.Tests.Container;
using StockMcp.Testing.ForeignClients;

[assembly: AssemblyFixture(typeof(Images))]

namespace StockMcp.EndToEnd.Tests.Container;

/// <summary>
/// What the Dockerfile would put into each image, made without a container engine: its own instructions, carried out in a folder that holds nothing but what they copy and
/// .dockerignore lets through.
/// </summary>
public sealed class Images : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(15);
    private readonly string root = Directory.CreateTempSubdirectory("stockmcp-images-").FullName;
    private readonly Lazy<Task> built;

    /// <summary>Nothing is made before the first test asks.</summary>
    public Images() => built = new(BuildAsync);

    /// <summary>The folder that is <c>/app</c> in a part's image.</summary>
    /// <param name="part">Server, Authority or Brokerage.</param>
    internal async Task<string> AppAsync(string part)
    {
        await built.Value;
        return Path.Combine(Out(part), "app");
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(root, recursive: true);
        return ValueTask.CompletedTask;
    }

    private string Out(string part) => Path.Combine(root, "out-" + part);

    private async Task BuildAsync()
    {
        // Everybody may look into it: the programs do not run as who builds them.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        var files = await ContainerFiles.ReadAsync();
        var ignore = await Ignore.ReadAsync();
        var build = files.Dockerfile.Skip(1).TakeWhile(instruction => instruction.Keyword != "FROM").ToList();
        // All parts in one folder: what they share is compiled once.
        foreach (var part in new[] { "Server", "Authority", "Brokerage" })
        {
            foreach (var instruction in build)
            {
                switch (instruction.Keyword)
                {
                    case "COPY":
                        foreach (var source in instruction.Arguments.SkipLast(1)) Copy(source, instruction.Arguments[^1], ignore);
                        break;
                    case "RUN":
                        await RunAsync(instruction.Text.Replace("/out/", Out(part) + "/", StringComparison.Ordinal), part);
                        break;
                    default:
                        new[] { "ARG", "WORKDIR" }.Should().Contain(instruction.Keyword);
                        break;
                }
            }
        }
    }

    private void Copy(string source, string destination, Ignore ignore)
    {
        var from = Path.Combine(Toolbox.Repository, source);
        var to = Path.Combine(root, "src", destination);
        if (File.Exists(from)) Copy(source, from, Path.Combine(to, Path.GetFileName(source)), ignore);
        else foreach (var file in Directory.EnumerateFiles(from, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None }))
            Copy(Path.GetRelativePath(Toolbox.Repository, file), file, Path.Combine(to, Path.GetRelativePath(from, file)), ignore, quietly: true);
    }

    private static void Copy(string name, string from, string to, Ignore ignore, bool quietly = false)
    {
        if (ignore.Hides(name))
        {
            quietly.Should().BeTrue("the Dockerfile copies {0}, which .dockerignore hides", name);
            return;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        File.Copy(from, to, overwrite: true);
    }

    private async Task RunAsync(string command, string part)
    {
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(variable => (string)variable.Key, variable => (string)variable.Value!);
        environment["PART"] = part;
        environment["MSBUILDDISABLENODEREUSE"] = "1"; // nothing of it stays behind
        environment["UseSharedCompilation"] = "false";
        environment["RunAnalyzers"] = "false"; // the build that these tests are part of ran them
        await using var shell = ForeignProcess.Start("/bin/sh", ["-ec", "umask 022; " + command], Path.Combine(root, "src"), environment);
        await shell.SucceedAsync(s_patience);
    }

    /// <summary>.dockerignore: the last line that fits a path, or a folder above it, decides.</summary>
    private sealed class Ignore(IReadOnlyList<(Regex Pattern, bool Hides)> lines)
    {
        public static async Task<Ignore> ReadAsync()
        {
            var lines = await File.ReadAllLinesAsync(Path.Combine(Toolbox.Repository, ".dockerignore"));
            return new([.. lines.Where(line => line.Length > 0 && line[0] != '#').Select(line => (Pattern(line.TrimStart('!').TrimEnd('/')), line[0] != '!'))]);
        }

        public bool Hides(string path) => lines.Where(line => line.Pattern.IsMatch(path)).Select(line => line.Hides).LastOrDefault();

        private static Regex Pattern(string line)
        {
            var pattern = new StringBuilder("^");
            foreach (var part in Regex.Split(line, @"(?<star>\*\*/|\*)", RegexOptions.None, TimeSpan.FromSeconds(1)))
                pattern.Append(part switch { "**/" => "(.*/)?", "*" => "[^/]*", _ => Regex.Escape(part) });
            return new Regex(pattern.Append("(/|$)").ToString(), RegexOptions.None, TimeSpan.FromSeconds(1));
        }
    }
}
