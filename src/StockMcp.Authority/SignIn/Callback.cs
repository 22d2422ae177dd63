using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using OpenIddict.Client.AspNetCore;
using StockMcp.Authority.Audit;
using StockMcp.Authority.ConnectedAccounts;
using StockMcp.Authority.Connections;
using StockMcp.Authority.Database;
using StockMcp.Authority.Vault;
using StockMcp.AuthorizationServer.Database;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.SignIn;

/// <summary>What happens when the browser comes back from a connection. OpenIddict has checked state, PKCE, issuer, nonce and tokens before.</summary>
internal sealed class Callback(AuthorityDbContext database, TokenVault vault, ConnectRequests requests, SessionCookie session, ConnectionTable connections, AuditLog audit, TimeProvider time)
{
    private static readonly long s_lastSecond = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    public async Task<IResult> HandleAsync(HttpContext context)
    {
        var result = await context.AuthenticateAsync(OpenIddictClientAspNetCoreDefaults.AuthenticationScheme);
        if (result is not { Succeeded: true, Principal: { } upstream, Properties: { } properties }
            || upstream.GetClaim(Claims.Subject) is not { Length: > 0 } subject
            || connections.Find(upstream.GetClaim(Claims.Private.RegistrationId)) is not { } connection)
            return Problem("The sign-in did not complete", "Go back to the app and start again.", StatusCodes.Status400BadRequest);

        try
        {
            return await CompleteAsync(context, upstream, subject, connection, properties);
        }
        catch (DbUpdateException exception) when (!DatabaseOutage.Is(exception))
        {
            // Someone signed in twice at once, for the first time: the other request made the person.
            database.Discard();
            return await CompleteAsync(context, upstream, subject, connection, properties);
        }
    }

    private async Task<IResult> CompleteAsync(HttpContext context, ClaimsPrincipal upstream, string subject, Connection connection, AuthenticationProperties properties)
    {
        var cancellationToken = context.RequestAborted;
        var link = await database.Set<ConnectedAccount>().FirstOrDefaultAsync(account => account.Connection == connection.Name && account.Subject == subject, cancellationToken);
        var person = link is null ? null : await database.Set<Person>().FirstAsync(person => person.Id == link.PersonId, cancellationToken);

        if (Reauthentication.ReadFrom(properties) is { } again) return await ProveAgainAsync(context, upstream, person, connection, again, properties);

        var connectsFor = ConnectsFor.ReadFrom(properties);
        if (connectsFor is not null)
        {
            // TV-02: only in the session of the person who began it, and never an account that is somebody else's.
            var current = await context.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme);
            if (!current.Succeeded || current.Principal.PersonId() != connectsFor.PersonId)
                return await RefuseAsync(connection, person, "another_session", "This was started in another session", "Sign in again on your account page and connect from there.", StatusCodes.Status403Forbidden);
            if (person is not null && person.Id != connectsFor.PersonId)
                return await RefuseAsync(connection, person, "account_of_another_person", "This account is connected to someone else", $"You signed in at {connection.DisplayName} with an account that belongs to another person here. Sign out there, and connect your own.", StatusCodes.Status409Conflict);
            person ??= await database.Set<Person>().FirstAsync(known => known.Id == connectsFor.PersonId, cancellationToken);
        }
        person ??= NewPerson(upstream);
        if (connectsFor is null) (person.DisplayName, person.Email) = (NameOf(upstream), MailAddress.Of(upstream) ?? person.Email);

        properties.Items.TryGetValue(GrantedScopes.Property, out var scopes);
        var granted = scopes?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        var refreshToken = LastingToken(connection, properties);
        if (connectsFor?.RequestId is { } request)
        {
            // An app began it: the account is connected when the app says that it got the browser back.
            return refreshToken is not null && await requests.PendAsync(request, person.Id, subject, NameOf(upstream), refreshToken, granted, cancellationToken) is { } target
                ? Results.Redirect(target)
                : Problem("Your account was not connected", "It took too long, or the broker gave no lasting access. Go back to the app and start again.", StatusCodes.Status400BadRequest);
        }
        await vault.StoreAsync(person.Id, connection, subject, NameOf(upstream), refreshToken, granted, cancellationToken);
        if (connectsFor is null) await session.SignInAsync(context, person, connection.Name, AuthenticatedAt(connection, upstream));
        return Results.LocalRedirect(LocalUrl.Or(properties.RedirectUri, "/account"));
    }

    // The vault keeps what gets access tokens for as long as the person wants: a refresh token, or an access token that has no end.
    private static string? LastingToken(Connection connection, AuthenticationProperties properties)
        => properties.GetTokenValue(OpenIddictClientAspNetCoreConstants.Tokens.RefreshToken)
            ?? (connection.OAuth is { TokensNeverExpire: true } ? properties.GetTokenValue(OpenIddictClientAspNetCoreConstants.Tokens.BackchannelAccessToken) : null);

    // AP-02: the same person, in the browser that began, and asked for their password just now.
    private async Task<IResult> ProveAgainAsync(HttpContext context, ClaimsPrincipal upstream, Person? person, Connection connection, Reauthentication again, AuthenticationProperties properties)
    {
        var current = await context.AuthenticateAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        if (!current.Succeeded || current.Principal.PersonId() != again.PersonId) return Problem("This was started in another session", "Open the page of the request again.", StatusCodes.Status403Forbidden);
        if (person?.Id != again.PersonId)
        {
            await audit.AppendAsync(new AuditRecord(AuditEvents.SignIn, AuditDecisions.Refused) { Person = again.PersonId, Connection = connection.Name, Reason = "another_person" });
            return Problem("You are somebody else", $"You signed in at {connection.DisplayName} as another person than the one who is signed in here. Nothing was decided.", StatusCodes.Status403Forbidden);
        }
        if (AuthenticatedAt(connection, upstream) is not { } authenticatedAt || authenticatedAt < time.GetUtcNow() - SessionCookie.FreshFor)
            return Problem("Your password was not asked for", $"{connection.DisplayName} did not say that you just signed in there, so nothing can be decided here.", StatusCodes.Status403Forbidden);
        // Without OpenID Connect, each sign-in gives access anew, and may end what was given before.
        if (connection.OAuth is not null && LastingToken(connection, properties) is { } token && properties.Items.TryGetValue(GrantedScopes.Property, out var scopes))
            await vault.StoreAsync(again.PersonId, connection, upstream.GetClaim(Claims.Subject)!, NameOf(upstream), token, scopes?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [], context.RequestAborted);
        await session.SignOutAsync(again.PersonId, SessionCookie.IdOf(current.Principal), context.RequestAborted);
        await session.SignInAsync(context, person, connection.Name, authenticatedAt);
        return Results.LocalRedirect(LocalUrl.Or(properties.RedirectUri, "/account"));
    }

    // OpenID Connect Core, section 2. What lies ahead of our clock is now.
    private DateTimeOffset? AuthenticatedAt(Connection connection, ClaimsPrincipal upstream)
    {
        if (connection.OAuth is { AsksAtEachSignIn: true }) return time.GetUtcNow();
        if (!long.TryParse(upstream.GetClaim(Claims.AuthenticationTime), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var seconds) || seconds > s_lastSecond) return null;
        var (then, now) = (DateTimeOffset.FromUnixTimeSeconds(seconds), time.GetUtcNow());
        return then < now ? then : now;
    }

    private Person NewPerson(ClaimsPrincipal upstream)
    {
        var now = time.GetUtcNow();
        var person = new Person { Id = Guid.CreateVersion7(now), DisplayName = NameOf(upstream), Email = MailAddress.Of(upstream), CreatedAt = now };
        database.Add(person);
        return person;
    }

    private static string NameOf(ClaimsPrincipal upstream)
    {
        var name = VisibleText.Of(upstream.GetClaim(Claims.Name) ?? upstream.GetClaim(Claims.PreferredUsername) ?? "");
        return name.Length is > 0 and <= 200 ? name : "You";
    }

    private async Task<IResult> RefuseAsync(Connection connection, Person? person, string reason, string title, string text, int status)
    {
        await audit.AppendAsync(new AuditRecord(AuditEvents.AccountConnected, AuditDecisions.Refused) { Person = person?.Id, Connection = connection.Name, Reason = reason });
        return Problem(title, text, status);
    }

    private static RazorComponentResult<ProblemPage> Problem(string title, string text, int status) => new(new { Title = title, Text = text }) { StatusCode = status };
}
