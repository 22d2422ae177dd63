using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace StockMcp.Hosting.Flow;

/// <summary>Records the requests that an application gets, in Development, for the page <c>/flow</c>.</summary>
public static class FlowExtensions
{
    /// <summary>The header by which an application of the process says who calls. It goes to this computer alone.</summary>
    public const string Caller = "X-StockMcp-Flow";

    /// <summary>Adds the recorder. Outside Development it does nothing at all, whoever calls it.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">What the picture calls it.</param>
    /// <param name="recorder">The recorder of all applications of the process.</param>
    public static void AddFlow(this WebApplicationBuilder builder, string name, FlowRecorder recorder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(recorder);
        if (!builder.Environment.IsDevelopment()) return;
        builder.Services.AddSingleton(recorder);
        builder.Services.AddSingleton<IStartupFilter>(new FlowMiddleware(name, recorder));
        builder.Services.ConfigureHttpClientDefaults(client => client.AddHttpMessageHandler(() => new SaysWhoCalls(name)));
    }

    private sealed class SaysWhoCalls(string name) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri is { IsLoopback: true } && !request.Headers.Contains(Caller)) request.Headers.Add(Caller, name);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
