using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.Configuration.Memory;

namespace StockMcp.Hosting;

/// <summary>Starts a builder on the application's own settings file, also when several applications share a process and its folder.</summary>
public static class SettingsFile
{
    /// <summary>The setting that names a further settings file, which comes after the application's own: given in the environment or on the command line.</summary>
    public const string Further = "SettingsFile";

    private static readonly JsonDocumentOptions s_json = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
    private static readonly string[] s_frameworks = ["Logging", "Kestrel"];

    /// <summary>A builder whose settings come from the file beside the program, then the file that <see cref="Further"/> names, then the environment, then the command line.</summary>
    /// <param name="applicationName">The assembly's name.</param>
    /// <param name="file">The settings file's name, in the program's folder.</param>
    /// <param name="args">The command line's arguments.</param>
    /// <exception cref="StartupException">The further file cannot be read, or has a setting that there is not.</exception>
    public static WebApplicationBuilder CreateBuilder(string applicationName, string file, string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = applicationName, ContentRootPath = AppContext.BaseDirectory, Args = args });
        var sources = ((IConfigurationBuilder)builder.Configuration).Sources;
        foreach (var json in sources.OfType<JsonConfigurationSource>().ToList()) sources.Remove(json);
        if (builder.Configuration[Further] is { Length: > 0 } further)
        {
            foreach (var source in Read(Path.Combine(AppContext.BaseDirectory, file), further).Reverse()) sources.Insert(0, source);
            return builder;
        }
        var own = new JsonConfigurationSource { Path = file };
        own.FileProvider = builder.Environment.ContentRootFileProvider;
        sources.Insert(0, own);
        return builder;
    }

    // A list, or a table of names such as Connections, takes the whole place of the one among the defaults: merged line by line, both would be something that nobody wrote.
    private static MemoryConfigurationSource[] Read(string own, string further)
    {
        var defaults = JsonNode.Parse(File.ReadAllText(own), documentOptions: s_json)!.AsObject();
        JsonObject settings;
        try
        {
            settings = JsonNode.Parse(File.ReadAllText(further), documentOptions: s_json) as JsonObject ?? throw new JsonException("It is no object.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{Further} names {further}, which cannot be read: {exception.Message}", exception);
        }
        catch (JsonException exception)
        {
            throw new StartupException($"{Further} names {further}, which is not JSON: {exception.Message.ReplaceLineEndings(" ")}", exception);
        }
        foreach (var (name, _) in settings)
        {
            if (!defaults.ContainsKey(name) && !s_frameworks.Contains(name)) throw new StartupException($"{Further} names {further}, which has {name}: there is no such setting. Correct the name, or remove it.");
            if (defaults[name] is JsonArray || (defaults[name] is JsonObject { Count: > 0 } table && table.All(entry => entry.Value is JsonObject))) defaults.Remove(name);
        }
        return [Flat(defaults), Flat(settings)];
    }

    private static MemoryConfigurationSource Flat(JsonObject settings)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(settings.ToJsonString()));
        return new MemoryConfigurationSource { InitialData = [.. new ConfigurationBuilder().AddJsonStream(stream).Build().AsEnumerable()] };
    }
}
