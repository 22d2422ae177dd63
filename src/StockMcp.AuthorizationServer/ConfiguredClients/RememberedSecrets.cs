using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Core;
using OpenIddict.EntityFrameworkCore.Models;

namespace StockMcp.AuthorizationServer.ConfiguredClients;

/// <summary>
/// Secrets that were found right: a MAC, under a key of this process alone, of the stored hash and the secret. The hash is made slow so that nobody who stole it finds the secret; a server that brings
/// the same secret with every request need not wait for it each time. Another secret or another hash is another MAC: a secret that was changed is not remembered, and a wrong one never.
/// </summary>
internal sealed class RememberedSecrets : IDisposable
{
    private const int Most = 1_000;
    private readonly MemoryCache memory = new(new MemoryCacheOptions { SizeLimit = Most });
    private readonly byte[] key = RandomNumberGenerator.GetBytes(32);

    public bool Knows(string secret, string hash) => memory.TryGetValue(NameOf(secret, hash), out _);

    public void Add(string secret, string hash) => memory.Set(NameOf(secret, hash), true, new MemoryCacheEntryOptions { Size = 1 });

    public void Dispose() => memory.Dispose();

    private string NameOf(string secret, string hash) => Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{hash.Length}:{hash}{secret}")));
}

/// <summary>OpenIddict's clients, whose secrets are remembered.</summary>
internal sealed class RememberingClients(
    RememberedSecrets secrets, IOpenIddictApplicationCache<OpenIddictEntityFrameworkCoreApplication> cache, ILogger<OpenIddictApplicationManager<OpenIddictEntityFrameworkCoreApplication>> logger,
    IOptionsMonitor<OpenIddictCoreOptions> options, IOpenIddictApplicationStore<OpenIddictEntityFrameworkCoreApplication> store)
    : OpenIddictApplicationManager<OpenIddictEntityFrameworkCoreApplication>(cache, logger, options, store)
{
    protected override async ValueTask<bool> ValidateClientSecretAsync(string secret, string comparand, CancellationToken cancellationToken = default)
    {
        if (secrets.Knows(secret, comparand)) return true;
        if (!await base.ValidateClientSecretAsync(secret, comparand, cancellationToken)) return false;
        secrets.Add(secret, comparand);
        return true;
    }
}
