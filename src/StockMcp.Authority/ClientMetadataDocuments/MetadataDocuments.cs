using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using StockMcp.Authority.Consent;
using StockMcp.Authority.Database;
using StockMcp.Authority.Registration;
using StockMcp.Authority.Resources;

namespace StockMcp.Authority.ClientMetadataDocuments;

/// <summary>Whether a client's document can be used.</summary>
internal enum DocumentOutcome
{
    /// <summary>It was read, and the client is as it says.</summary>
    Usable,

    /// <summary>It was not, for whatever reason.</summary>
    Unusable,
}

/// <summary>
/// Makes a client of a document, and keeps the two alike. What was read is kept in the database, so that copies share it: for as long as the document allows, 24 hours
/// at most. What could not be read is not kept, and answers after the same time whatever the reason (CM-06).
/// </summary>
internal sealed partial class MetadataDocuments(DocumentFetcher fetcher, IServiceScopeFactory scopes, IOptions<RegistrationOptions> registration, TimeProvider time, ILogger<MetadataDocuments> log) : IDisposable
{
    public const string Problem = "The client_id is a URL, and the document there cannot be used. It must be public, small, and name this client_id.";

    /// <summary>How many documents are kept of clients that nobody has used: the oldest goes.</summary>
    public const int MostUnused = 1000;

    private const int MostFetches = 16;
    private static readonly JsonSerializerOptions s_strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };
    private readonly ConcurrentDictionary<string, Lazy<Task<DocumentOutcome>>> underWay = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim places = new(MostFetches, MostFetches);

    /// <summary>Whether a client_id is meant as a URL; ours are random and have no colon.</summary>
    public static bool IsDocument(string clientId) => clientId.Contains("://", StringComparison.Ordinal);

    public async Task<DocumentOutcome> ResolveAsync(string clientId, CancellationToken cancellationToken)
    {
        if (!ClientIdUrl.TryParse(clientId, fetcher.AllowLoopback, out var url)) return DocumentOutcome.Unusable;
        if (await IsFreshAsync(clientId, cancellationToken)) return DocumentOutcome.Usable;
        // Who asks for the same document shares one fetch, which ends by itself and not with the first who asked.
        return await underWay.GetOrAdd(clientId, _ => new Lazy<Task<DocumentOutcome>>(() => ReadAsync(clientId, url))).Value.WaitAsync(cancellationToken);
    }

    public void Dispose() => places.Dispose();

    public async Task<bool> IsKnownAsync(string clientId, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<SelfRegistration>().AnyAsync(known => known.ClientId == clientId, cancellationToken);
    }

    private async Task<bool> IsFreshAsync(string clientId, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var now = time.GetUtcNow();
        return await scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<SelfRegistration>().AnyAsync(known => known.ClientId == clientId && known.DocumentExpiresAt > now, cancellationToken);
    }

    private async Task<DocumentOutcome> ReadAsync(string clientId, Uri url)
    {
        var started = time.GetTimestamp();
        try
        {
            if (await IsFreshAsync(clientId, CancellationToken.None)) return DocumentOutcome.Usable; // a fetch ended since this one was asked for
            if (!await places.WaitAsync(DocumentFetcher.Patience)) throw new DocumentException("too many at once");
            FetchedDocument document;
            try
            {
                document = await fetcher.FetchAsync(url);
            }
            finally
            {
                places.Release();
            }
            await KeepAsync(clientId, Check(clientId, document.Json), document.Lifetime);
            return DocumentOutcome.Usable;
        }
        catch (Exception exception) when (exception is DocumentException or RegistrationException or JsonException)
        {
            LogUnusable(url.Host, exception.Message);
            var rest = DocumentFetcher.Patience - time.GetElapsedTime(started);
            if (rest > TimeSpan.Zero) await Task.Delay(rest, time);
            return DocumentOutcome.Unusable;
        }
        finally
        {
            underWay.TryRemove(clientId, out _);
        }
    }

    // CM-03, CM-04
    private CheckedClient Check(string clientId, byte[] json)
    {
        var metadata = JsonSerializer.Deserialize<ClientMetadata>(json, s_strict) ?? throw new DocumentException("null");
        if (!string.Equals(metadata.ClientId, clientId, StringComparison.Ordinal)) throw new DocumentException("another client_id");
        using var members = JsonDocument.Parse(json);
        if (members.RootElement.EnumerateObject().Any(member => member.Name.StartsWith("client_secret", StringComparison.Ordinal))) throw new DocumentException("a secret that everybody can read");
        var client = ClientMetadataRules.Check(metadata with { TokenEndpointAuthMethod = metadata.TokenEndpointAuthMethod ?? OpenIddictConstants.ClientAuthenticationMethods.None }, registration.Value);
        return client.NeedsSecret ? throw new DocumentException("a method that needs a secret") : client;
    }

    private async Task KeepAsync(string clientId, CheckedClient client, TimeSpan lifetime)
    {
        await using var scope = scopes.CreateAsyncScope();
        var (services, now) = (scope.ServiceProvider, time.GetUtcNow());
        var (database, clients, resources) = (services.GetRequiredService<AuthorityDbContext>(), services.GetRequiredService<IOpenIddictApplicationManager>(), services.GetRequiredService<ProtectedResources>());
        await MakeRoomAsync(database, services.GetRequiredService<RegisteredClients>(), clientId);
        try
        {
            await using var transaction = await database.Database.BeginTransactionAsync();
            var known = await database.Set<SelfRegistration>().FirstOrDefaultAsync(registration => registration.ClientId == clientId);
            var before = known is null ? null : RegisteredClients.Read(known);
            if (known is null) database.Add(known = new SelfRegistration { ClientId = clientId, Metadata = "", RegisteredAt = now });
            (known.Metadata, known.DocumentExpiresAt) = (JsonSerializer.Serialize(client), now + lifetime);
            await database.SaveChangesAsync();

            var entry = await clients.FindByClientIdAsync(clientId);
            var descriptor = new OpenIddictApplicationDescriptor { ClientId = clientId };
            client.Describe(descriptor, resources);
            if (entry is null) await clients.CreateAsync(descriptor);
            else await clients.UpdateAsync(entry, descriptor);
            // CM-05: people looked at another client than this one now is.
            if (before is not null && before.IsAnotherThan(client)) await services.GetRequiredService<ConsentStore>().ForgetAsync(clientId, default);
            await transaction.CommitAsync();
        }
        catch (Exception exception) when (exception is DbUpdateException or OpenIddictExceptions.ConcurrencyException or OpenIddictExceptions.ValidationException)
        {
            // Another copy read the same document in the same moment, and was first.
            await using var fresh = scopes.CreateAsyncScope();
            if (!await fresh.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<SelfRegistration>().AnyAsync(registration => registration.ClientId == clientId && registration.DocumentExpiresAt > now)) throw;
        }
    }

    private static async Task MakeRoomAsync(AuthorityDbContext database, RegisteredClients registered, string clientId)
    {
        var unused = database.Set<SelfRegistration>().Where(known => known.DocumentExpiresAt != null && known.LastUsedAt == null && known.ClientId != clientId);
        var tooMany = await unused.CountAsync() - MostUnused + 1;
        if (tooMany <= 0) return;
        foreach (var oldest in await unused.OrderBy(known => known.RegisteredAt).Take(tooMany).Select(known => known.ClientId).ToListAsync()) await registered.DeleteAsync(oldest, default);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "A client metadata document at {Host} cannot be used: {Reason}")]
    private partial void LogUnusable(string host, string reason);
}
