using System.Text;
using System.Text.Json;
using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.Tests;

/// <summary>A run of the command, as a script sees it.</summary>
internal sealed record DoctorRun(int ExitCode, string Output, string Errors)
{
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public IReadOnlyDictionary<string, JsonElement> Checks => Json.GetProperty("checks").EnumerateArray().ToDictionary(check => check.GetProperty("id").GetString()!);

    public string? First => Json.TryGetProperty("first_failure", out var first) ? first.GetString() : null;

    /// <summary>The checks that ended so.</summary>
    public IEnumerable<string> That(string status) => Checks.Where(check => Status(check.Key) == status).Select(check => check.Key);

    public string Status(string id) => Checks[id].GetProperty("status").GetString()!;

    public string What(string id) => Checks[id].GetProperty("what").GetString()!;

    public string Fix(string id) => Checks[id].GetProperty("fix").GetString()!;

    public string Breaks(string id) => Checks[id].GetProperty("breaks").GetString()!;

    /// <summary>What did not pass, one a line.</summary>
    public string Failures => string.Join('\n', Checks.Keys.Where(id => Status(id) != "pass").Select(id => $"{Status(id)} {id}: {What(id)}")).Replace("{", "(").Replace("}", ")");

    /// <summary>Runs <c>stockmcp doctor</c> and reads its JSON.</summary>
    /// <param name="url">What to examine.</param>
    /// <param name="handler">Sends the requests; the real one unless given.</param>
    /// <param name="person">Goes to the address that is printed.</param>
    /// <param name="arguments">More of the command line.</param>
    public static Task<DoctorRun> JsonAsync(Uri url, HttpMessageHandler? handler = null, Func<Uri, Task>? person = null, params string[] arguments)
        => RunAsync(["doctor", url.OriginalString, "--json", .. arguments], handler, person);

    public static async Task<DoctorRun> RunAsync(string[] arguments, HttpMessageHandler? handler = null, Func<Uri, Task>? person = null)
    {
        using var sender = handler is null ? DoctorHttp.NewHandler() : null;
        await using var output = new StringWriter();
        await using var errors = new WatchedWriter();
        var run = Program.RunAsync(arguments, output, errors, handler ?? sender!, TimeProvider.System);
        if (person is not null && await Task.WhenAny(errors.Address, run) == errors.Address) await person(await errors.Address);
        return new DoctorRun(await run, output.ToString(), errors.ToString());
    }

    /// <summary>Notices the address at which a person is to sign in.</summary>
    private sealed class WatchedWriter : StringWriter
    {
        private readonly TaskCompletionSource<Uri> address = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Uri> Address => address.Task;

        public override Encoding Encoding => Encoding.UTF8;

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value?.Split('\n').FirstOrDefault(line => line.StartsWith("http", StringComparison.Ordinal)) is { } line) address.TrySetResult(new Uri(line.Trim()));
        }
    }
}
