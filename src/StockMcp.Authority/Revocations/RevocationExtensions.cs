using StackExchange.Redis;
using StockMcp.Hosting;

namespace StockMcp.Authority.Revocations;

/// <summary>Tells the Servers at once which of the tokens that they remember are void (TV-05).</summary>
public static class RevocationExtensions
{
    /// <summary>Adds <see cref="RevocationNotices"/>, which needs the setting <c>ConnectionStrings:Redis</c> to reach anybody.</summary>
    /// <exception cref="StartupException">The connection string cannot be read.</exception>
    public static void AddRevocations(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton<RevocationQueue>();
        builder.Services.AddSingleton<RevocationNotices>();
        if (SecretFile.Setting(builder.Configuration, "ConnectionStrings:Redis") is not { Length: > 0 } redis) return;
        var options = Options(redis);
        builder.Services.AddHostedService(provider => new RevocationPublisher(options, provider.GetRequiredService<RevocationQueue>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<RevocationPublisher>>()));
    }

    private static ConfigurationOptions Options(string redis)
    {
        try
        {
            var options = ConfigurationOptions.Parse(redis);
            options.AbortOnConnectFail = false;
            options.ConnectTimeout = 2000;
            options.ConnectRetry = 1;
            options.AsyncTimeout = 1000;
            options.BacklogPolicy = BacklogPolicy.FailFast;
            options.ReconnectRetryPolicy = new LinearRetry(1000);
            options.ClientName = "stockmcp-authority";
            return options;
        }
        catch (ArgumentException exception)
        {
            throw new StartupException($"ConnectionStrings:Redis cannot be read: {exception.Message} Write host:port,password=…,ssl=true, or leave it empty.", exception);
        }
    }
}
