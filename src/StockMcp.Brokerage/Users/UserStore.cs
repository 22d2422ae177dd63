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
        var user = await database.Set<User>().FirstOrDefaultAsync(user => user.UserName == name, cancellationToken);
        var now = time.GetUtcNow();
        var hash = user?.PasswordHash ?? NobodysHash();
        var right = hasher.VerifyHashedPassword(user ?? Nobody, hash, password) != PasswordVerificationResult.Failed;
        if (user is null || user.WaitUntil > now) return null;

        if (right)
        {
            user.FailedSignIns = 0;
        }
        else if (++user.FailedSignIns >= FreeAttempts)
        {
            var wait = TimeSpan.FromSeconds(Math.Pow(2, Math.Min(user.FailedSignIns - FreeAttempts, 10)));
            user.WaitUntil = now + (wait < LongestWait ? wait : LongestWait);
        }
        await database.SaveChangesAsync(cancellationToken);
        return right ? user : null;
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
