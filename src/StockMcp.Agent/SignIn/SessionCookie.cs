using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using StockMcp.Agent.Database;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Agent.SignIn;

/// <summary>The session cookie: idle for an hour or 12 hours old, it ends. It holds the session's id and no token; each request asks the database whether it was signed out.</summary>
internal sealed class SessionCookie(AgentDbContext database, TimeProvider time) : CookieAuthenticationEvents
{
    public static readonly TimeSpan Idle = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_longest = TimeSpan.FromHours(12);
    private const string SessionId = "session_id";

    public async Task SignInAsync(HttpContext context, string subject)
    {
        var now = time.GetUtcNow();
        await database.Set<AgentSession>().Where(session => session.SignedInAt < now - s_longest).ExecuteDeleteAsync(context.RequestAborted);
        var session = new AgentSession { Id = Guid.CreateVersion7(now), Subject = subject, SignedInAt = now };
        database.Add(session);
        await database.SaveChangesAsync(context.RequestAborted);
        var identity = new ClaimsIdentity(CookieAuthenticationDefaults.AuthenticationScheme, Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, subject).SetClaim(SessionId, session.Id.ToString());
        await context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, new ClaimsPrincipal(identity));
    }

    public async Task SignOutAsync(HttpContext context)
    {
        if (Guid.TryParse(context.User.GetClaim(SessionId), out var id)) await database.Set<AgentSession>().Where(session => session.Id == id).ExecuteDeleteAsync(context.RequestAborted);
        await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
    }

    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        var oldest = time.GetUtcNow() - s_longest;
        var subject = context.Principal?.GetClaim(Claims.Subject);
        if (!Guid.TryParse(context.Principal?.GetClaim(SessionId), out var id)
            || !await database.Set<AgentSession>().AsNoTracking().AnyAsync(session => session.Id == id && session.Subject == subject && session.SignedInAt > oldest, context.HttpContext.RequestAborted))
            context.RejectPrincipal();
    }

    // What a page's script asks for is not led to another page, and keeps no session alive.
    public override Task RedirectToLogin(RedirectContext<CookieAuthenticationOptions> context)
    {
        if (!IsByScript(context.Request)) return base.RedirectToLogin(context);
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        return Task.CompletedTask;
    }

    public override Task CheckSlidingExpiration(CookieSlidingExpirationContext context)
    {
        if (IsByScript(context.Request) && HttpMethods.IsGet(context.Request.Method)) context.ShouldRenew = false;
        return Task.CompletedTask;
    }

    /// <summary>Whether a page's script asks, rather than a person who goes to a page.</summary>
    public static bool IsByScript(HttpRequest request) => request.Headers.ContainsKey("X-By-Script");
}
