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
    private const string SessionId = "session_id";

    public async Task SignInAsync(HttpContext context, Person person, string connection)
    {
        var now = time.GetUtcNow();
        await database.Set<Session>().Where(session => session.SignedInAt < now - Longest).ExecuteDeleteAsync(context.RequestAborted);
        var session = new Session { Id = Guid.CreateVersion7(now), PersonId = person.Id, SignedInAt = now };
        database.Add(session);
        database.Audit(new AuditRecord(AuditEvents.SignIn) { Person = person.Id, Connection = connection });
        await database.SaveChangesAsync(context.RequestAborted);
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

    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        var oldest = time.GetUtcNow() - Longest;
        if (IdOf(context.Principal) is not { } id
            || !await database.Set<Session>().AnyAsync(session => session.Id == id && session.SignedOutAt == null && session.SignedInAt > oldest, context.HttpContext.RequestAborted))
            context.RejectPrincipal();
    }

    private static Guid? IdOf(ClaimsPrincipal? principal) => Guid.TryParse(principal?.GetClaim(SessionId), out var id) ? id : null;
}
