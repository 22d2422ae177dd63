using System.CommandLine;
using StockMcp.Doctor.Http;
using StockMcp.Doctor.Receipts;
using StockMcp.Doctor.Reports;

namespace StockMcp.Doctor;

/// <summary>The command line: <c>stockmcp doctor URL</c>, <c>stockmcp verify-receipt FILE</c>.</summary>
public static class Program
{
    private const int Unusable = 2;

    /// <summary>Runs it.</summary>
    /// <returns>0: nothing fails. 1: something fails. 2: the command line is wrong, or nothing answers at the URL.</returns>
    public static Task<int> Main(string[] args) => RunAsync(args, Console.Out, Console.Error, DoctorHttp.NewHandler(), TimeProvider.System);

    internal static Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors, HttpMessageHandler handler, TimeProvider time)
    {
        var url = new Argument<string>("url") { Description = "The MCP server's URL, as you type it into a client." };
        var register = new Option<bool>("--register") { Description = "Register as each known client does. Writes to the authorization server; what can be taken back is." };
        var login = new Option<bool>("--login") { Description = "Print the address at which you sign in, wait for you there, and go on with the token. Registers a client, unless --client-id names one." };
        var token = new Option<string?>("--token") { Description = "An access token to go on with. Rather set STOCKMCP_TOKEN: other users of this computer can read a command line." };
        var clientId = new Option<string?>("--client-id") { Description = "A client that is registered already. Its secret, if it has one, is read from STOCKMCP_CLIENT_SECRET." };
        var redirectPort = new Option<int>("--redirect-port") { Description = "The port of http://127.0.0.1:PORT/callback, where a registered client must come back to one." };
        var scope = new Option<string?>("--scope") { Description = "The scopes to ask for, instead of those that the challenge names." };
        var tool = new Option<string?>("--tool") { Description = "The tool to call, with empty arguments, instead of one that only reads." };
        var stepUp = new Option<string?>("--step-up-tool") { Description = "A tool that the token has no scope for. It is called with empty arguments." };
        var timeout = new Option<int>("--timeout") { Description = "How many seconds one answer may take.", DefaultValueFactory = _ => 15 };
        var json = new Option<bool>("--json") { Description = "Write JSON." };
        timeout.Validators.Add(result => { if (result.GetValueOrDefault<int>() is < 1 or > 300) result.AddError("--timeout must lie between 1 and 300."); });
        redirectPort.Validators.Add(result => { if (result.GetValueOrDefault<int>() is < 0 or > 65535) result.AddError("--redirect-port must lie between 0 and 65535."); });

        var doctor = new Command("doctor", "Looks at a protected MCP server as its clients do: names the first step that fails, whom it breaks, and the cure.")
        {
            url, register, login, token, clientId, redirectPort, scope, tool, stepUp, timeout, json,
        };
        doctor.SetAction(async (arguments, cancellationToken) =>
        {
            var options = new DoctorOptions
            {
                Url = arguments.GetRequiredValue(url),
                Register = arguments.GetValue(register),
                Login = arguments.GetValue(login),
                Token = SecretOf(arguments.GetValue(token) ?? Environment.GetEnvironmentVariable("STOCKMCP_TOKEN")),
                ClientId = arguments.GetValue(clientId),
                ClientSecret = SecretOf(Environment.GetEnvironmentVariable("STOCKMCP_CLIENT_SECRET")),
                RedirectPort = arguments.GetValue(redirectPort),
                Scope = arguments.GetValue(scope),
                Tool = arguments.GetValue(tool),
                StepUpTool = arguments.GetValue(stepUp),
                Timeout = TimeSpan.FromSeconds(arguments.GetValue(timeout)),
            };
            try
            {
                var report = await Examiner.ExamineAsync(options, handler, time, errors.WriteLine, cancellationToken);
                if (arguments.GetValue(json)) JsonReport.Write(report, output);
                else TextReport.Write(report, output, plain: output != Console.Out || Console.IsOutputRedirected);
                return report.ExitCode;
            }
            catch (UsageException exception)
            {
                await errors.WriteLineAsync(exception.Message);
                return Unusable;
            }
        });

        var parsed = new RootCommand("Tools for people who run protected MCP servers.") { doctor, ReceiptCommand.Create(output, errors, handler, time) }.Parse(args);
        if (parsed.Errors.Count == 0) return parsed.InvokeAsync(new InvocationConfiguration { Output = output, Error = errors });
        foreach (var error in parsed.Errors) errors.WriteLine(error.Message);
        return Task.FromResult(Unusable);
    }

    // Pasted tokens come with the word in front, and with a line's end.
    private static Secret? SecretOf(string? text)
    {
        const string Scheme = "Bearer ";
        var token = text?.Trim();
        if (token?.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) is true) token = token[Scheme.Length..].Trim();
        return string.IsNullOrEmpty(token) ? null : new Secret(token);
    }
}
