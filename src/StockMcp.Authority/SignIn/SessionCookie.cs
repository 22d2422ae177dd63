using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Database;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.SignIn;

/// <summary>On endpoints that a page asks by itself, without anybody touching it.</summary>
internal sealed class AsksByItself;

/// <summary>The session cookie: idle for 15 minutes or 12 hours old, it ends; each request asks the database whether it was signed out.</summary>
internal sealed class SessionCookie(AuthorityDbContext database, AuditLog audit, TimeProvider time) : CookieAuthenticationEvents
{
    public static readonly TimeSpan Idle = TimeSpan.FromMinutes(15);
    public static readonly TimeSpan Longest = TimeSpan.FromHours(12);
    private static readonly TimeSpan SeenWithin = TimeSpan.FromMinutes(1);
    /// <summary>How many browsers a person may be signed in with: the oldest is signed out for a new one.</summary>
    public const int MostPerPerson = 20;

    /// <summary>How long ago a person may have proved who they are when they decide about an approval (AP-02).</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(15);

    private const string SessionId = "session_id";

    /// <summary>Signs a person in.</summary>
    /// <param name="context">The request whose answer gets the cookie.</param>
    /// <param name="person">Who it is.</param>
    /// <param name="connection">Where they proved it.</param>
    /// <param name="authenticatedAt">When, as far as the connection said: else nobody knows how long ago it was.</param>
    public async Task SignInAsync(HttpContext context, Person person, string connection, DateTimeOffset? authenticatedAt)
    {
        var now = time.GetUtcNow();
        await database.Set<Session>().Where(session => session.SignedInAt < now - Longest).ExecuteDeleteAsync(context.RequestAborted);
        var session = new Session { Id = Guid.CreateVersion7(now), PersonId = person.Id, SignedInAt = now, LastSeenAt = now, AuthenticatedAt = authenticatedAt ?? DateTimeOffset.MinValue, Browser = BrowserName.Of(context.Request.Headers.UserAgent.ToString()) };
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

    /// <summary>Whether the person proved who they are a short time ago (AP-02).</summary>
    public async Task<bool> IsFreshAsync(ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        var (id, since) = (IdOf(user), time.GetUtcNow() - FreshFor);
        return await database.Set<Session>().AsNoTracking().AnyAsync(session => session.Id == id && session.SignedOutAt == null && session.AuthenticatedAt > since, cancellationToken);
    }

    /// <summary>Whether the session has not ended: for answers that go on for long.</summary>
    public async Task<bool> GoesOnAsync(ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        var (id, oldest) = (IdOf(user), time.GetUtcNow() - Longest);
        return await database.Set<Session>().AsNoTracking().AnyAsync(session => session.Id == id && session.SignedOutAt == null && session.SignedInAt > oldest, cancellationToken);
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
        else if (session.LastSeenAt < now - SeenWithin && !IsByScript(context.HttpContext))
            await database.Set<Session>().Where(known => known.Id == id).ExecuteUpdateAsync(set => set.SetProperty(known => known.LastSeenAt, now), cancellationToken);
    }

    // What a page asks for by itself, while nobody touches it, keeps no session alive.
    public override Task CheckSlidingExpiration(CookieSlidingExpirationContext context)
    {
        if (IsByScript(context.HttpContext)) context.ShouldRenew = false;
        return Task.CompletedTask;
    }

    // A stream of events cannot be led to another page.
    public override Task RedirectToLogin(RedirectContext<CookieAuthenticationOptions> context)
    {
        if (!IsByScript(context.HttpContext)) return base.RedirectToLogin(context);
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        return Task.CompletedTask;
    }

    /// <summary>Marks a request as one that a page's script makes by itself.</summary>
    public const string ByScript = "X-By-Script";

    private static bool IsByScript(HttpContext context) => context.Request.Headers.ContainsKey(ByScript) || context.GetEndpoint()?.Metadata.GetMetadata<AsksByItself>() is not null;

    /// <summary>The session that a cookie names.</summary>
    public static Guid? IdOf(ClaimsPrincipal? principal) => Guid.TryParse(principal?.GetClaim(SessionId), out var id) ? id : null;
}
