using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace StockMcp.Hosting;

/// <summary>The command <c>health</c>: asks the copy that runs on this machine whether it is ready. For containers, which have nothing else to ask with.</summary>
public static class HealthCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "health";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(4);

    /// <summary>Asks <c>/health/ready</c> at the first http address of the setting <c>Urls</c>.</summary>
    /// <param name="applicationName">The assembly's name.</param>
    /// <param name="file">The settings file's name, in the program's folder.</param>
    /// <param name="args">The command line's arguments, with this command first.</param>
    /// <returns>0 if it is ready; 1 if it is not, or does not answer, with a line that says so.</returns>
    public static async Task<int> RunAsync(string applicationName, string file, string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var urls = SettingsFile.CreateBuilder(applicationName, file, args[1..]).Configuration["Urls"] ?? "";
        var http = urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(BindingAddress.Parse).FirstOrDefault(address => address.Scheme == Uri.UriSchemeHttp);
        if (http is null) return await FailAsync($"Urls is '{urls}', which has no http address to ask at.");
        // Whoever listens on all addresses does so on loopback.
        var host = http.Host is "+" or "*" or "0.0.0.0" or "[::]" ? "127.0.0.1" : http.Host;
        var url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://{host}:{http.Port}/health/ready"));
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = s_patience };
        try
        {
            using var response = await client.GetAsync(url);
            return response.IsSuccessStatusCode ? 0 : await FailAsync($"{url} answered {(int)response.StatusCode}.");
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            return await FailAsync($"{url} does not answer: {exception.GetBaseException().Message}");
        }
    }

    private static async Task<int> FailAsync(string line)
    {
        await Console.Error.WriteLineAsync(line);
        return 1;
    }
}
