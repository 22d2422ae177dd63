using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using OpenIddict.Validation;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;
using static OpenIddict.Server.OpenIddictServerHandlers.Protection;

namespace StockMcp.AuthorizationServer.Keys;

/// <summary>
/// The keys as this process knows them, and OpenIddict with it: when they change, its options are made anew. What only this server reads (codes, refresh tokens, pushed
/// requests) is signed by a key out of the master secret instead (KM-03), so that no rotation ends anybody's sign-in.
/// </summary>
public sealed class SigningKeys(MasterSecret secret, IOptions<SigningKeyOptions> options, TimeProvider time)
    : IConfigureOptions<OpenIddictServerOptions>, IOptionsChangeTokenSource<OpenIddictServerOptions>, IOptionsChangeTokenSource<OpenIddictValidationOptions>
{
    internal const string Purpose = "signing-keys";
    private readonly Dictionary<string, SigningCredentials> opened = new(StringComparer.Ordinal);
    private ConfigurationReloadToken server = new();
    private ConfigurationReloadToken validation = new();
    private volatile IReadOnlyList<SigningKey> keys = [];

    /// <inheritdoc/>
    public string? Name => Options.DefaultName;

    /// <summary>What encrypts tokens that only this server reads.</summary>
    public EncryptingCredentials Encryption { get; } = new(new SymmetricSecurityKey(secret.DeriveKey("token-encryption")) { KeyId = "encryption" }, SecurityAlgorithms.Aes256KW, SecurityAlgorithms.Aes256CbcHmacSha512);

    /// <summary>What signs tokens that only this server reads.</summary>
    public SigningCredentials Internal { get; } = new(new SymmetricSecurityKey(secret.DeriveKey("token-integrity")) { KeyId = "internal" }, SecurityAlgorithms.HmacSha256);

    /// <summary>What signs tokens that others read.</summary>
    public SigningCredentials Current
    {
        get
        {
            var (known, now) = (keys, time.GetUtcNow());
            return Open(known.LastOrDefault(key => key.SignsFrom <= now) ?? known[0]);
        }
    }

    /// <summary>Where each key is in its life, oldest first.</summary>
    public static IReadOnlyList<(SigningKey Key, SigningKeyState State)> States(IEnumerable<SigningKey> keys, SigningKeyOptions options, DateTimeOffset now)
    {
        var ordered = keys.OrderBy(key => key.Generation).ToList();
        var signing = ordered.FindLastIndex(key => key.SignsFrom <= now);
        return [.. ordered.Select((key, index) => (key,
            index > signing ? SigningKeyState.Announced
            : index == signing ? SigningKeyState.Signing
            : ordered.Skip(index + 1).First(next => next.SignsFrom <= now).SignsFrom + options.KeepFor > now ? SigningKeyState.Retired
            : SigningKeyState.Removed))];
    }

    /// <inheritdoc/>
    public void Configure(OpenIddictServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.SigningCredentials.AddRange(keys.Select(Open));
        options.SigningCredentials.Add(Internal);
        options.EncryptionCredentials.Add(Encryption);
    }

    IChangeToken IOptionsChangeTokenSource<OpenIddictServerOptions>.GetChangeToken() => server;

    IChangeToken IOptionsChangeTokenSource<OpenIddictValidationOptions>.GetChangeToken() => validation;

    /// <summary>Takes over the keys of the database.</summary>
    /// <returns>Whether they are others than before.</returns>
    internal bool Use(IEnumerable<SigningKey> stored)
    {
        var published = States(stored, options.Value, time.GetUtcNow()).Where(key => key.State != SigningKeyState.Removed).Select(key => key.Key).ToList();
        foreach (var key in published) Open(key);
        var changed = !published.Select(key => key.Kid).SequenceEqual(keys.Select(key => key.Kid));
        keys = published;
        if (!changed) return false;
        lock (opened)
        {
            foreach (var gone in opened.Keys.Except(published.Select(key => key.Kid)).ToList()) opened.Remove(gone);
        }
        // The validation's options are made out of the server's, so these come first.
        Interlocked.Exchange(ref server, new ConfigurationReloadToken()).OnReload();
        Interlocked.Exchange(ref validation, new ConfigurationReloadToken()).OnReload();
        return true;
    }

    private SigningCredentials Open(SigningKey key)
    {
        lock (opened)
        {
            if (opened.TryGetValue(key.Kid, out var known)) return known;
            try
            {
                var ecdsa = ECDsa.Create();
                ecdsa.ImportPkcs8PrivateKey(secret.Decrypt(Purpose, key.PrivateKey, key.Kid), out _);
                return opened[key.Kid] = new SigningCredentials(new ECDsaSecurityKey(ecdsa) { KeyId = key.Kid }, SecurityAlgorithms.EcdsaSha256);
            }
            catch (CryptographicException exception)
            {
                throw new StartupException("The signing keys in the database do not open with this master secret. Restore the file master.secret that belongs to this database.", exception);
            }
        }
    }

    /// <summary>OpenIddict signs with the first key it has. Here, what others read is signed by the key whose time it is, and the rest by the internal one.</summary>
    internal sealed class Choose(SigningKeys keys) : IOpenIddictServerHandler<GenerateTokenContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<GenerateTokenContext>()
            .UseSingletonHandler<Choose>().SetOrder(AttachSecurityCredentials.Descriptor.Order + 500).Build();

        public ValueTask HandleAsync(GenerateTokenContext context)
        {
            context.SigningCredentials = context.TokenType is TokenTypeIdentifiers.AccessToken or TokenTypeIdentifiers.IdentityToken ? keys.Current : keys.Internal;
            return ValueTask.CompletedTask;
        }
    }
}
