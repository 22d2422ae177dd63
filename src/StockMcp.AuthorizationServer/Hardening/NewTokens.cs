using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using OpenIddict.EntityFrameworkCore;
using OpenIddict.EntityFrameworkCore.Models;

namespace StockMcp.AuthorizationServer.Hardening;

/// <summary>Whether the entries of tokens that are made for this request wait, to be stored together.</summary>
internal sealed class NewTokens
{
    public bool Wait { get; set; }
}

/// <summary>
/// OpenIddict's tokens. As it comes, each is inserted alone, and updated when its content is known; while they wait, whoever made them saves all of them at once.
/// </summary>
internal sealed class TokenStore(NewTokens made, IMemoryCache cache, IOpenIddictEntityFrameworkCoreContext context, IOptionsMonitor<OpenIddictEntityFrameworkCoreOptions> options)
    : OpenIddictEntityFrameworkCoreTokenStore(cache, context, options)
{
    public override async ValueTask CreateAsync(OpenIddictEntityFrameworkCoreToken token, CancellationToken cancellationToken)
    {
        if (made.Wait) (await Context.GetDbContextAsync(cancellationToken)).Add(token);
        else await base.CreateAsync(token, cancellationToken);
    }

    public override async ValueTask UpdateAsync(OpenIddictEntityFrameworkCoreToken token, CancellationToken cancellationToken)
    {
        if (made.Wait && (await Context.GetDbContextAsync(cancellationToken)).Entry(token).State == EntityState.Added) return;
        await base.UpdateAsync(token, cancellationToken);
    }
}
