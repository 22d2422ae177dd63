using Microsoft.Extensions.Configuration;
using StockMcp.Hosting;

namespace StockMcp.AppHost;

/// <summary>Reads the options from the command line: <c>--Ports:Server=7101</c>, <c>--DataDirectory=…</c>, <c>--Redis=…</c>, and any setting of an application as <c>--Brokerage:Market:Seed=5</c>.</summary>
internal static class CommandLine
{
    private static readonly string[] Applications = ["Server", "Authority", "Brokerage", "Agent"];

    public static DevelopmentSystemOptions Parse(string[] args)
    {
        var defaults = new DevelopmentSystemOptions();
        if (args.FirstOrDefault(argument => !argument.StartsWith("--", StringComparison.Ordinal) || !argument.Contains('=', StringComparison.Ordinal)) is { } odd)
            throw new StartupException($"'{odd}' is not understood. Write --Name=value, with {Known}.");
        var given = new ConfigurationBuilder().AddCommandLine(args).Build();
        foreach (var section in given.GetChildren())
        {
            var known = section.Key is "DataDirectory" or "Redis" || Applications.Contains(section.Key)
                || (section.Key == "Ports" && section.GetChildren().All(port => Applications.Contains(port.Key)));
            if (!known) throw new StartupException($"The setting '{section.Key}' is not known here. There are {Known}.");
        }
        return defaults with
        {
            DataDirectory = given["DataDirectory"] ?? defaults.DataDirectory,
            Redis = given["Redis"],
            ServerPort = Port(given, "Server") ?? defaults.ServerPort,
            AuthorityPort = Port(given, "Authority") ?? defaults.AuthorityPort,
            BrokeragePort = Port(given, "Brokerage") ?? defaults.BrokeragePort,
            AgentPort = Port(given, "Agent") ?? defaults.AgentPort,
            ServerSettings = Settings(given, "Server"),
            AuthoritySettings = Settings(given, "Authority"),
            BrokerageSettings = Settings(given, "Brokerage"),
            AgentSettings = Settings(given, "Agent"),
        };
    }

    private const string Known = "--Ports:Server, --Ports:Authority, --Ports:Brokerage, --Ports:Agent, --DataDirectory, --Redis, and every setting of an application behind its name, such as --Brokerage:Market:Seed";

    private static int? Port(IConfiguration given, string name) => given["Ports:" + name] switch
    {
        null => null,
        var text when int.TryParse(text, out var port) && port is >= 0 and <= 65535 => port,
        var text => throw new StartupException($"Ports:{name} is '{text}'. Set it to a number from 1 to 65535, or to 0 for a free port."),
    };

    private static Dictionary<string, string?> Settings(IConfiguration given, string application)
        => given.GetSection(application).AsEnumerable(makePathsRelative: true).Where(setting => setting.Value is not null).ToDictionary(setting => setting.Key, setting => setting.Value);
}
