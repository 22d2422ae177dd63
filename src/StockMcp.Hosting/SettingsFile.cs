using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Json;

namespace StockMcp.Hosting;

/// <summary>Starts a builder on the application's own settings file, also when several applications share a process and its folder.</summary>
public static class SettingsFile
{
    /// <summary>A builder whose settings come from the file beside the program, then the environment, then the command line.</summary>
    /// <param name="applicationName">The assembly's name.</param>
    /// <param name="file">The settings file's name, in the program's folder.</param>
    /// <param name="args">The command line's arguments.</param>
    public static WebApplicationBuilder CreateBuilder(string applicationName, string file, string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = applicationName, ContentRootPath = AppContext.BaseDirectory, Args = args });
        var sources = ((IConfigurationBuilder)builder.Configuration).Sources;
        foreach (var json in sources.OfType<JsonConfigurationSource>().ToList()) sources.Remove(json);
        var own = new JsonConfigurationSource { Path = file };
        own.FileProvider = builder.Environment.ContentRootFileProvider;
        sources.Insert(0, own);
        return builder;
    }
}
