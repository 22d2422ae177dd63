using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using StockMcp.Testing.ForeignClients;

namespace StockMcp.EndToEnd.Tests.Container;

/// <summary>An instruction of the Dockerfile.</summary>
/// <param name="Keyword">Such as <c>COPY</c>.</param>
/// <param name="Flags">Such as <c>from=build</c>.</param>
/// <param name="Arguments">The words after it.</param>
/// <param name="Text">All that is after it.</param>
internal sealed record Instruction(string Keyword, IReadOnlyList<string> Flags, IReadOnlyList<string> Arguments, string Text);

/// <summary>Dockerfile and compose files, read by other people's parsers.</summary>
internal sealed partial class ContainerFiles
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);
    private static readonly Lazy<Task<ContainerFiles>> s_read = new(ReadOnceAsync);
    private readonly JsonNode compose;

    private ContainerFiles(JsonNode files)
    {
        Dockerfile = files["dockerfile"].Deserialize<List<Instruction>>(s_json)!;
        Problems = files["problems"].Deserialize<List<string>>()!;
        compose = files["compose"]!;
    }

    /// <summary>All instructions, both stages.</summary>
    public IReadOnlyList<Instruction> Dockerfile { get; }

    /// <summary>The last stage alone: what the image is.</summary>
    public IReadOnlyList<Instruction> Image => [.. Dockerfile.Skip(Dockerfile.ToList().FindLastIndex(instruction => instruction.Keyword == "FROM"))];

    /// <summary>What the parsers, the Dockerfile's linter and the schema of compose files find wrong.</summary>
    public IReadOnlyList<string> Problems { get; }

    public static Task<ContainerFiles> ReadAsync() => s_read.Value;

    /// <summary>A compose file as it is written.</summary>
    public JsonNode Compose(string file) => compose[file]!;

    /// <summary>Every service of both files with its file; those of the second file may be changes of the first one's only.</summary>
    public IEnumerable<(string File, string Name, JsonNode Service)> Services
        => compose.AsObject().SelectMany(file => file.Value!["services"]!.AsObject().Select(service => (file.Key, service.Key, service.Value!)));

    /// <summary>What a service's environment is once both files are laid on one another and the variables are filled in.</summary>
    public Dictionary<string, string> Environment(string service, IReadOnlyDictionary<string, string> variables)
    {
        var environment = new Dictionary<string, string>();
        foreach (var (_, name, settings) in Services.Where(found => found.Name == service))
        {
            foreach (var (setting, value) in settings["environment"]?.AsObject() ?? []) environment[setting] = FillIn(value!.ToString(), variables);
        }
        return environment;
    }

    /// <summary>Fills in <c>${NAME}</c>, <c>${NAME:-default}</c> and <c>${NAME:?what to do}</c>.</summary>
    public static string FillIn(string text, IReadOnlyDictionary<string, string> variables) => Variable().Replace(text, match =>
        variables.TryGetValue(match.Groups["name"].Value, out var value) && value.Length > 0 ? value
            : match.Groups["otherwise"] is { Success: true } otherwise ? otherwise.Value
            : throw new InvalidOperationException($"{match.Groups["name"].Value} is not set."));

    /// <summary>Reads a file of variables, whose later lines may use earlier ones.</summary>
    public static Dictionary<string, string> ReadVariables(string file, IReadOnlyDictionary<string, string> given)
    {
        var variables = new Dictionary<string, string>();
        foreach (var line in File.ReadLines(Path.Combine(Toolbox.Repository, file)).Where(line => line.Length > 0 && line[0] != '#'))
        {
            var (name, value) = (line[..line.IndexOf('=', StringComparison.Ordinal)], line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..]);
            variables[name] = given.GetValueOrDefault(name) ?? FillIn(value, variables);
        }
        foreach (var (name, value) in given) variables[name] = value;
        return variables;
    }

    [GeneratedRegex(@"\$\{(?<name>[A-Z_]+)(:-(?<otherwise>[^}]*)|:\?[^}]*)?\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Variable();

    private static async Task<ContainerFiles> ReadOnceAsync()
    {
        await using var script = ForeignProcess.StartScript("container-files.mjs", [Toolbox.Repository]);
        return new ContainerFiles(JsonNode.Parse(await script.SucceedAsync())!);
    }
}
