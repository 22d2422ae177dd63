using System.Collections.Concurrent;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using StockMcp.ResourceServer.ProtectedResource;
using StockMcp.ResourceServer.TokenValidation;
using StockMcp.Server.Flow;
using StockMcp.Tools.TradingApi;

namespace StockMcp.Server.StartPage;

/// <summary>The page <c>/</c>, or where the settings put it: what this is, and how to add it to a client.</summary>
public static class StartPageExtensions
{
    /// <summary>Adds what the page needs.</summary>
    public static void AddStartPage(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddRazorComponents();
        builder.Services.AddOptions<StartPageOptions>().BindConfiguration(StartPageOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
        // Razor components bring the keys of forms along. This page has no form, and a stateless server writes no keys anywhere.
        builder.Services.AddDataProtection();
        builder.Services.Configure<KeyManagementOptions>(options => (options.XmlRepository, options.XmlEncryptor) = (new Memory(), new NullXmlEncryptor()));
    }

    /// <summary>Serves the page.</summary>
    public static void MapStartPage(this IEndpointRouteBuilder routes)
        => routes.MapGet(routes.ServiceProvider.GetRequiredService<IOptions<StartPageOptions>>().Value.Path, (McpResource resource, IOptions<AuthorityOptions> authority, IOptions<TradingApiOptions> brokerage, IOptions<StartPageOptions> page, IServiceProvider services)
            => new RazorComponentResult<Start>(new { Resource = resource, Authority = authority.Value.Issuer, Brokerage = brokerage.Value.BaseUrl!.AbsoluteUri, page.Value.SignInHint, Flow = services.GetService<FlowStory>() is not null })).AllowAnonymous();

    private sealed class Memory : IXmlRepository
    {
        private readonly ConcurrentQueue<XElement> elements = new();

        public IReadOnlyCollection<XElement> GetAllElements() => [.. elements];

        public void StoreElement(XElement element, string friendlyName) => elements.Enqueue(element);
    }
}
