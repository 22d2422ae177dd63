using StockMcp.Hosting;

namespace StockMcp.Brokerage;

/// <summary>The application, from its settings to its routes.</summary>
public static class Program
{
    /// <summary>Runs it until it is told to stop.</summary>
    public static Task<int> Main(string[] args) => ServiceHost.RunAsync(arguments => Build(arguments), args);

    /// <summary>Builds it.</summary>
    /// <param name="args">The command line's arguments.</param>
    /// <param name="configure">Runs first: what a host or a test sets in its place.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = SettingsFile.CreateBuilder("StockMcp.Brokerage", "brokerage.json", args);
        configure?.Invoke(builder);
        builder.AddServiceDefaults();

        var app = builder.Build();
        app.UseSecurityHeaders();
        app.MapServiceDefaults(typeof(Program).Assembly);
        return app;
    }
}
