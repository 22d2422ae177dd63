using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace StockMcp.Authority.Tests.ClientMetadataDocuments;

/// <summary>A web server that has a client's document, and can misbehave.</summary>
internal sealed class DocumentHost : IAsyncDisposable
{
    private readonly WebApplication app;
    private int requests;

    private DocumentHost()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(context =>
        {
            Interlocked.Increment(ref requests);
            return Answer(context);
        });
    }

    public int Requests => requests;

    /// <summary>What it answers; the document unless changed.</summary>
    public RequestDelegate Answer { get; set; } = context => context.Response.WriteAsJsonAsync(new { });

    public Uri Url { get; private set; } = new("http://unset.example");

    public static async Task<DocumentHost> StartAsync(string path = "client.json")
    {
        var host = new DocumentHost();
        await host.app.StartAsync();
        host.Url = new Uri(new Uri(host.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()), path);
        host.Serve(host.Document());
        return host;
    }

    public Dictionary<string, object?> Document(string name = "Documented agent") => new()
    {
        ["client_id"] = Url.AbsoluteUri,
        ["client_name"] = name,
        ["redirect_uris"] = new[] { TestAgent.Loopback.AbsoluteUri },
        ["grant_types"] = new[] { "authorization_code", "refresh_token" },
        ["token_endpoint_auth_method"] = "none",
    };

    public void Serve(object document) => Serve(JsonSerializer.Serialize(document));

    public void Serve(string body, string type = "application/json", int status = 200) => Answer = async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        await context.Response.WriteAsync(body);
    };

    public async ValueTask DisposeAsync() => await app.DisposeAsync();
}
