using System.ComponentModel.DataAnnotations;
using StockMcp.Authority.ConnectedAccounts;
using StockMcp.Hosting;

namespace StockMcp.Authority.Resources;

/// <summary>All resources, in the order of the settings.</summary>
public sealed class ProtectedResources(IReadOnlyList<ProtectedResource> all, ProtectedResource own)
{
    /// <summary>All of the settings; at least one.</summary>
    public IReadOnlyList<ProtectedResource> All => all;

    /// <summary>The Authority's own API. Only clients of the settings may ask for it.</summary>
    public ProtectedResource Own => own;

    /// <summary>The resource of a URI; the only one of the settings, if none is given; or <see langword="null"/>.</summary>
    public ProtectedResource? Find(string? uri) => uri is null && all.Count == 1 ? all[0] : all.Append(own).FirstOrDefault(resource => resource.Uri == uri);

    /// <summary>The names of all their scopes.</summary>
    public IEnumerable<string> Scopes => all.SelectMany(resource => resource.Scopes).Select(scope => scope.Name).Distinct();
}

/// <summary>The resource servers that tokens are issued for.</summary>
public static class ResourceExtensions
{
    /// <summary>Reads the setting <c>Resources</c>.</summary>
    /// <exception cref="StartupException">There is none, or one lacks a setting.</exception>
    public static ProtectedResources AddProtectedResources(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var all = builder.Configuration.GetSection(ProtectedResource.Section).Get<List<ProtectedResource>>(binder => binder.ErrorOnUnknownConfiguration = true) ?? [];
        if (all.Count == 0) throw new StartupException($"{ProtectedResource.Section} is empty. Name the MCP server whose tokens are issued here.");
        for (var index = 0; index < all.Count; index++) Check(index, all[index]);
        var publicUrl = PublicUrl.From(builder.Configuration, builder.Environment);
        if (builder.Environment.IsProduction() && !publicUrl.Value.IsLoopback && all.FindIndex(resource => new Uri(resource.Uri).IsLoopback) is >= 0 and var own)
            throw new StartupException($"{ProtectedResource.Section}:{own}:Uri is '{all[own].Uri}', where no agent of {publicUrl} finds it. Set it to the MCP server's public URL, for example https://stock.example.com/mcp.");
        var resources = new ProtectedResources(all, ConnectedAccountsExtensions.Resource(publicUrl));
        builder.Services.AddSingleton(resources);
        return resources;
    }

    private static void Check(int index, ProtectedResource resource)
    {
        var mistakes = new List<ValidationResult>();
        Validator.TryValidateObject(resource, new ValidationContext(resource), mistakes, validateAllProperties: true);
        if (mistakes.Count > 0) throw new StartupException($"{ProtectedResource.Section}:{index}: {string.Join(" ", mistakes.Select(mistake => mistake.ErrorMessage))}");
        // RFC 8707, section 2: absolute, without a fragment. Tokens are compared by its letters, so it must be in its one canonical form.
        if (!Uri.TryCreate(resource.Uri, UriKind.Absolute, out var uri) || uri.Fragment.Length > 0 || uri.AbsoluteUri != resource.Uri)
            throw new StartupException($"{ProtectedResource.Section}:{index}:Uri is '{resource.Uri}'. Set it to an absolute URI without a fragment, in its canonical form, for example https://stock.example.com/mcp.");
        if (uri is { Scheme: "http", IsLoopback: false })
            throw new StartupException($"{ProtectedResource.Section}:{index}:Uri is '{resource.Uri}': plain http is allowed on loopback only. Put an HTTPS proxy in front of the MCP server and set its https URL.");
    }
}
