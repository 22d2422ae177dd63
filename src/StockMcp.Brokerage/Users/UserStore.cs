using System.Buffers.Binary;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using StockMcp.Brokerage.Database;

namespace StockMcp.Brokerage.Users;

/// <summary>Checks passwords so that neither the answer nor its time tells whether the user exists (AS-19).</summary>
internal sealed class UserStore(BrokerageDbContext database, IPasswordHasher<User> hasher, IOptions<PasswordHasherOptions> options, TimeProvider time)
{
    private const int FreeAttempts = 5;
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);
    private static readonly User Nobody = new() { UserName = "", DisplayName = "", PasswordHash = "" };

    public Task<User?> FindAsync(Guid id, CancellationToken cancellationToken) => database.Set<User>().AsNoTracking().FirstOrDefaultAsync(user => user.Id == id, cancellationToken);

    /// <summary>The user whose name and password these are, or <see langword="null"/>; after five wrong ones, only after a growing wait.</summary>
    public async Task<User?> SignInAsync(string userName, string password, CancellationToken cancellationToken)
    {
        var name = userName.Trim().ToLowerInvariant();
        var user = await database.Set<User>().AsNoTracking().FirstOrDefaultAsync(user => user.UserName == name, cancellationToken);
        var now = time.GetUtcNow();
        var hash = user?.PasswordHash ?? NobodysHash();
        var right = hasher.VerifyHashedPassword(user ?? Nobody, hash, password) != PasswordVerificationResult.Failed;
        if (user is null || user.WaitUntil > now) return null;

        // The database counts, because guesses that come at once have all read the same number.
        var it = database.Set<User>().Where(known => known.Id == user.Id);
        if (right)
        {
            await it.Where(known => known.FailedSignIns > 0).ExecuteUpdateAsync(set => set.SetProperty(known => known.FailedSignIns, 0), cancellationToken);
            return user;
        }
        await it.ExecuteUpdateAsync(set => set.SetProperty(known => known.FailedSignIns, known => known.FailedSignIns + 1), cancellationToken);
        var failed = await it.Select(known => known.FailedSignIns).FirstAsync(cancellationToken);
        if (failed < FreeAttempts) return null;
        var wait = TimeSpan.FromSeconds(Math.Pow(2, Math.Min(failed - FreeAttempts, 10)));
        var until = now + (wait < LongestWait ? wait : LongestWait);
        await it.Where(known => known.WaitUntil < until).ExecuteUpdateAsync(set => set.SetProperty(known => known.WaitUntil, until), cancellationToken);
        return null;
    }

    // A hash in ASP.NET Core's format (a mark, then algorithm, iterations and the salt's length, salt, key) that no password has; looking at it takes as long as at anybody's.
    private string NobodysHash()
    {
        const int Header = 13, Salt = 16, Key = 32, Sha512 = 2;
        var hash = new byte[Header + Salt + Key];
        hash[0] = 1;
        BinaryPrimitives.WriteInt32BigEndian(hash.AsSpan(1), Sha512);
        BinaryPrimitives.WriteInt32BigEndian(hash.AsSpan(5), options.Value.IterationCount);
        BinaryPrimitives.WriteInt32BigEndian(hash.AsSpan(9), Salt);
        return Convert.ToBase64String(hash);
    }
}
