using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;

namespace StockMcp.EndToEnd.Tests.Providers;

/// <summary>Server or Authority, started as a page of docs says: with the settings file beside the page, in the Production environment. Hosts that are not here alone are others.</summary>
internal static class DocumentedApp
{
    /// <param name="build">Builds it.</param>
    /// <param name="home">A folder for its data, and for the settings as they are used.</param>
    /// <param name="settings">The settings file, below docs.</param>
    /// <param name="rewrite">Puts the test's own hosts in the place of real ones.</param>
    /// <param name="url">Its public URL.</param>
    /// <param name="arguments">What else its command line says.</param>
    /// <param name="log">What it logs.</param>
    /// <param name="clock">Its clock; the real one unless given.</param>
    public static async Task<WebApplication> StartAsync(
        Func<string[], Action<WebApplicationBuilder>?, WebApplication> build, string home, string settings, Func<string, string> rewrite, Uri url, IEnumerable<string> arguments, ILoggerProvider log, ShiftedClock? clock = null)
    {
        var file = Path.Combine(home, Path.GetFileName(settings));
        await File.WriteAllTextAsync(file, rewrite(await File.ReadAllTextAsync(Path.Combine(Toolbox.Repository, "docs", settings))));
        var origin = url.GetLeftPart(UriPartial.Authority);
        var app = build(["--environment", "Production", $"--SettingsFile={file}", $"--PublicUrl={origin}", $"--Urls={origin}", $"--DataDirectory={Path.ChangeExtension(file, ".data")}", .. arguments], builder =>
        {
            builder.Logging.ClearProviders().AddProvider(log);
            if (clock is not null) builder.Services.AddSingleton<TimeProvider>(clock);
        });
        await app.StartAsync();
        return app;
    }

    /// <summary>The Authority's command line beside a settings file: which MCP server it is for.</summary>
    public static IEnumerable<string> AuthorityArguments(Uri authority, Uri server, string secretFile)
    {
        var resource = new Uri(server, "mcp").AbsoluteUri;
        return
        [
            $"--Clients:0:ClientSecretFile={secretFile}", $"--Resources:0:Uri={resource}", $"--Clients:0:Resources:0={resource}",
            $"--Clients:0:Resources:1={new Uri(authority, "approvals/v1")}", $"--Clients:0:Audiences:1={new Uri(authority, "me/v1")}", "--Registration:PerAddressAndHour=1000",
        ];
    }
}
