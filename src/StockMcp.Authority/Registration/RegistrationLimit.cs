using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.Database;
using StockMcp.AuthorizationServer.Keys;

namespace StockMcp.Authority.Registration;

/// <summary>That somebody registered a client, kept for an hour.</summary>
public sealed class RegistrationAttempt
{
    /// <summary>Its row's id.</summary>
    public Guid Id { get; init; }

    /// <summary>A keyed hash of the address.</summary>
    public required byte[] Address { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>
/// How many clients may register (DC-05, DC-06). It counts in the database, so that copies and restarts count together. Registrations of one copy wait for each other:
/// each is counted before the next one is looked at.
/// </summary>
internal sealed class RegistrationLimit(MasterSecret secret) : IDisposable
{
    public static readonly TimeSpan Window = TimeSpan.FromHours(1);
    private readonly byte[] key = secret.DeriveKey("registration-addresses");
    private readonly SemaphoreSlim gate = new(1, 1);
    private static readonly TimeSpan s_counted = TimeSpan.FromMinutes(1);
    private DateTimeOffset countAgainAt;
    private int known;

    public Task WaitAsync(CancellationToken cancellationToken) => gate.WaitAsync(cancellationToken);

    public void Release() => gate.Release();

    /// <summary>A keyed hash of an address, or of an IPv6 address's network: who has one has all of it.</summary>
    public byte[] Hash(IPAddress? address)
    {
        address = address switch { null => IPAddress.None, { IsIPv4MappedToIPv6: true } => address.MapToIPv4(), _ => address };
        var bytes = address.GetAddressBytes();
        return HMACSHA256.HashData(key, address.AddressFamily == AddressFamily.InterNetworkV6 ? bytes.AsSpan(0, 8) : bytes.AsSpan());
    }

    /// <summary>A keyed hash of some text, and of the address that it came from.</summary>
    public byte[] Hash(string text, byte[] address) => HMACSHA256.HashData(key, (byte[])[.. address, .. System.Text.Encoding.UTF8.GetBytes(text)]);

    /// <summary>Counts a registration, or says how long to wait.</summary>
    public static async Task<TimeSpan?> CountAsync(AuthorityDbContext database, byte[] address, RegistrationOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var since = now - Window;
        var last = database.Set<RegistrationAttempt>().Where(attempt => attempt.Address == address && attempt.At > since).OrderByDescending(attempt => attempt.At);
        // With the oldest of those that fill the hour, there is room again.
        if (await last.Skip(options.PerAddressAndHour - 1).Select(attempt => (DateTimeOffset?)attempt.At).FirstOrDefaultAsync(cancellationToken) is { } oldest) return oldest + Window - now;
        database.Add(new RegistrationAttempt { Id = Guid.CreateVersion7(now), Address = address, At = now });
        await database.SaveChangesAsync(cancellationToken);
        return null;
    }

    /// <summary>Whether there is no room for one more. It is counted anew each minute and before anybody is refused; in between, this copy's own are added up. Call it while you wait for nobody.</summary>
    public async Task<bool> IsFullAsync(AuthorityDbContext database, RegistrationOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (now >= countAgainAt || known >= options.MostClients)
        {
            known = await database.Set<SelfRegistration>().CountAsync(known => known.DocumentExpiresAt == null, cancellationToken);
            countAgainAt = now + s_counted;
        }
        if (known >= options.MostClients) return true;
        known++;
        return false;
    }

    public void Dispose() => gate.Dispose();
}
