using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Database;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.SignIn;

/// <summary>The session cookie: idle for 15 minutes or 12 hours old, it ends; each request asks the database whether it was signed out.</summary>
internal sealed class SessionCookie(AuthorityDbContext database, AuditLog audit, TimeProvider time) : CookieAuthenticationEvents
{
    public static readonly TimeSpan Idle = TimeSpan.FromMinutes(15);
    public static readonly TimeSpan Longest = TimeSpan.FromHours(12);
    private static readonly TimeSpan SeenWithin = TimeSpan.FromMinutes(1);
    /// <summary>How many browsers a person may be signed in with: the oldest is signed out for a new one.</summary>
    public const int MostPerPerson = 20;

    private const string SessionId = "session_id";

    public async Task SignInAsync(HttpContext context, Person person, string connection)
    {
        var now = time.GetUtcNow();
        await database.Set<Session>().Where(session => session.SignedInAt < now - Longest).ExecuteDeleteAsync(context.RequestAborted);
        var session = new Session { Id = Guid.CreateVersion7(now), PersonId = person.Id, SignedInAt = now, LastSeenAt = now, Browser = BrowserName.Of(context.Request.Headers.UserAgent.ToString()) };
        database.Add(session);
        database.Audit(new AuditRecord(AuditEvents.SignIn) { Person = person.Id, Connection = connection });
        await database.SaveChangesAsync(context.RequestAborted);
        var surplus = await database.Set<Session>().Where(known => known.PersonId == person.Id && known.SignedOutAt == null)
            .OrderByDescending(known => known.SignedInAt).ThenByDescending(known => known.Id).Skip(MostPerPerson).Select(known => known.Id).ToListAsync(context.RequestAborted);
        if (surplus.Count > 0) await database.Set<Session>().Where(known => surplus.Contains(known.Id)).ExecuteUpdateAsync(set => set.SetProperty(known => known.SignedOutAt, now), context.RequestAborted);
        var identity = new ClaimsIdentity(CookieAuthenticationDefaults.AuthenticationScheme, Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, person.Id.ToString()).SetClaim(Claims.Name, person.DisplayName).SetClaim(SessionId, session.Id.ToString());
        await context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, new ClaimsPrincipal(identity));
    }

    public async Task SignOutAsync(HttpContext context)
    {
        if (IdOf(context.User) is { } id)
        {
            await audit.AppendAsync(new AuditRecord(AuditEvents.SignOut) { Person = context.User.PersonId() });
            await database.Set<Session>().Where(session => session.Id == id).ExecuteUpdateAsync(set => set.SetProperty(session => session.SignedOutAt, time.GetUtcNow()), context.RequestAborted);
        }
        await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
    }

    /// <summary>The person's sessions that may still be used, the latest first.</summary>
    public Task<List<Session>> ListAsync(Guid personId, CancellationToken cancellationToken)
    {
        var (oldest, idle) = (time.GetUtcNow() - Longest, time.GetUtcNow() - Idle);
        return database.Set<Session>().AsNoTracking().Where(session => session.PersonId == personId && session.SignedOutAt == null && session.SignedInAt > oldest && session.LastSeenAt > idle)
            .OrderByDescending(session => session.LastSeenAt).ToListAsync(cancellationToken);
    }

    /// <summary>Signs out one of a person's browsers, or all of them. False if there is none.</summary>
    public async Task<bool> SignOutAsync(Guid personId, Guid? only, CancellationToken cancellationToken)
        => await database.Set<Session>().Where(session => session.PersonId == personId && session.SignedOutAt == null && (only == null || session.Id == only))
            .ExecuteUpdateAsync(set => set.SetProperty(session => session.SignedOutAt, time.GetUtcNow()), cancellationToken) > 0;

    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        var (now, cancellationToken) = (time.GetUtcNow(), context.HttpContext.RequestAborted);
        var oldest = now - Longest;
        if (IdOf(context.Principal) is not { } id
            || await database.Set<Session>().AsNoTracking().FirstOrDefaultAsync(session => session.Id == id && session.SignedOutAt == null && session.SignedInAt > oldest, cancellationToken) is not { } session)
            context.RejectPrincipal();
        else if (session.LastSeenAt < now - SeenWithin)
            await database.Set<Session>().Where(known => known.Id == id).ExecuteUpdateAsync(set => set.SetProperty(known => known.LastSeenAt, now), cancellationToken);
    }

    /// <summary>The session that a cookie names.</summary>
    public static Guid? IdOf(ClaimsPrincipal? principal) => Guid.TryParse(principal?.GetClaim(SessionId), out var id) ? id : null;
}
