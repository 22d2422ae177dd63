using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using StockMcp.Testing.Harness;

namespace StockMcp.Authority.Tests;

/// <summary>A second Authority on the first one's database and secrets, as behind a load balancer: same public URL, own port.</summary>
internal sealed class AuthorityCopy(WebApplication app, Uri publicUrl) : IAsyncDisposable
{
    public IServiceProvider Services => app.Services;

    public static async Task<AuthorityCopy> StartAsync(StockMcpSystem system)
    {
        var first = system.Running.Authority;
        var settings = first.Services.GetRequiredService<IConfiguration>().AsEnumerable().Where(setting => setting.Value is not null).ToList();
        var app = Program.Build(["--environment", "Development"], builder =>
        {
            builder.Configuration.AddInMemoryCollection(settings!);
            builder.Configuration.AddInMemoryCollection([new("Urls", "http://127.0.0.1:0")]);
            builder.Services.AddSingleton(first.Services.GetRequiredService<TimeProvider>());
            builder.Logging.ClearProviders();
        });
        await app.StartAsync();
        return new AuthorityCopy(app, first.Url);
    }

    /// <summary>A client whose requests reach this copy.</summary>
    public HttpClient CreateClient() => new()
    {
        BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()),
        DefaultRequestHeaders = { Host = publicUrl.Authority },
    };

    public async ValueTask DisposeAsync() => await app.DisposeAsync();
}
