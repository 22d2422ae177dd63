using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using StockMcp.AuthorizationServer.Database;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;
using static OpenIddict.Server.OpenIddictServerHandlers;
using static OpenIddict.Server.OpenIddictServerHandlers.Protection;

namespace StockMcp.AuthorizationServer.Hardening;

/// <summary>An assertion that a client proved itself with: it is good once.</summary>
public sealed class UsedAssertion
{
    /// <summary>The hash of the client's id and the assertion's <c>jti</c>.</summary>
    public required byte[] Id { get; init; }

    /// <summary>When the assertion expires, and this entry with it.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>
/// <c>private_key_jwt</c> (RFC 7523): OpenIddict checks the signature by the client's registered keys, that <c>iss</c> and <c>sub</c> are the client, and that <c>aud</c> is this issuer
/// and nothing beside it. Here the rest of AS-13: the algorithm is the key's own, the assertion lives for five minutes at most, and is good once, at whichever copy.
/// </summary>
internal static class ClientAssertions
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_skew = TimeSpan.FromSeconds(60);

    public static void UseClientAssertions(this OpenIddictServerBuilder server)
    {
        server.AddEventHandler(PinAlgorithm.Descriptor);
        server.AddEventHandler(CheckOnce.Descriptor);
        server.Services.AddHostedService<UsedAssertionSweep>();
    }

    private sealed class PinAlgorithm : IOpenIddictServerHandler<ValidateTokenContext>
    {
        private const string Type = "client-authentication+jwt";

        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateTokenContext>()
            .UseSingletonHandler<PinAlgorithm>().SetOrder(ResolveTokenValidationParameters.Descriptor.Order + 500).Build();

        public ValueTask HandleAsync(ValidateTokenContext context)
        {
            if (!context.ValidTokenTypes.SetEquals([TokenTypeIdentifiers.Private.ClientAssertion])) return ValueTask.CompletedTask;
            var parameters = context.TokenValidationParameters!;
            parameters.ClockSkew = s_skew;
            parameters.AlgorithmValidator = (algorithm, key, _, _) => Allows(key, algorithm);
            // Most clients of today write "JWT" or nothing. Their keys sign nothing else, so that nothing else can be taken for an assertion.
            parameters.TypeValidator = (type, _, _) => type is null or "" || type.Equals("JWT", StringComparison.OrdinalIgnoreCase) || type.Equals(Type, StringComparison.OrdinalIgnoreCase) || type.Equals("application/" + Type, StringComparison.OrdinalIgnoreCase)
                ? Type : throw new SecurityTokenInvalidTypeException("Not a client assertion.") { InvalidType = type };
            return ValueTask.CompletedTask;
        }

        private static bool Allows(SecurityKey key, string algorithm) => key switch
        {
            ECDsaSecurityKey => algorithm == SecurityAlgorithms.EcdsaSha256,
            RsaSecurityKey => algorithm is SecurityAlgorithms.RsaSsaPssSha256 or SecurityAlgorithms.RsaSha256,
            JsonWebKey { Alg: { Length: > 0 } own } => algorithm == own && own is SecurityAlgorithms.EcdsaSha256 or SecurityAlgorithms.RsaSsaPssSha256 or SecurityAlgorithms.RsaSha256,
            JsonWebKey { Kty: JsonWebAlgorithmsKeyTypes.EllipticCurve } => algorithm == SecurityAlgorithms.EcdsaSha256,
            JsonWebKey { Kty: JsonWebAlgorithmsKeyTypes.RSA } => algorithm is SecurityAlgorithms.RsaSsaPssSha256 or SecurityAlgorithms.RsaSha256,
            _ => false,
        };
    }

    private sealed class CheckOnce(IServiceScopeFactory scopes) : IOpenIddictServerHandler<ProcessAuthenticationContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ProcessAuthenticationContext>()
            .UseSingletonHandler<CheckOnce>().SetOrder(ValidateClientCertificate.Descriptor.Order + 500).Build(); // last: what is refused otherwise is not used up

        public async ValueTask HandleAsync(ProcessAuthenticationContext context)
        {
            if (context.ClientAssertionPrincipal is not { } assertion) return;
            var now = context.Options.TimeProvider!.GetUtcNow();
            if (assertion.GetExpirationDate() is not { } expires || expires > now + s_longest + s_skew)
                context.Reject(OpenIddictConstants.Errors.InvalidClient, "The client assertion must expire within 5 minutes.");
            else if (assertion.GetClaim(Claims.JwtId) is not { Length: > 0 and <= 256 } id)
                context.Reject(OpenIddictConstants.Errors.InvalidClient, "The client assertion needs a jti.");
            else if (!await TryUseAsync(context.ClientId!, id, expires + s_skew, context.CancellationToken))
                context.Reject(OpenIddictConstants.Errors.InvalidClient, "The client assertion was used before. Make a new one for each request.");
        }

        private async Task<bool> TryUseAsync(string clientId, string jti, DateTimeOffset expiresAt, CancellationToken cancellationToken)
        {
            await using var scope = scopes.CreateAsyncScope();
            var database = scope.ServiceProvider.GetRequiredService<AuthorizationServerDbContext>();
            var id = SHA256.HashData(Encoding.UTF8.GetBytes($"{clientId}\n{jti}"));
            database.Add(new UsedAssertion { Id = id, ExpiresAt = expiresAt });
            try
            {
                await database.SaveChangesAsync(cancellationToken);
                return true;
            }
            catch (DbUpdateException) when (database.Set<UsedAssertion>().AsNoTracking().Any(used => used.Id == id))
            {
                return false;
            }
        }
    }
}

/// <summary>Forgets assertions that expired: they are refused for that.</summary>
internal sealed partial class UsedAssertionSweep(IServiceScopeFactory scopes, TimeProvider time, ILogger<UsedAssertionSweep> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMinutes(5), time);
        await timer.RepeatAsync(SweepAsync, exception => exception is System.Data.Common.DbException or DbUpdateException or TimeoutException, exception => LogFailed(exception.Message), stoppingToken);
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var now = time.GetUtcNow();
        await scope.ServiceProvider.GetRequiredService<AuthorizationServerDbContext>().Set<UsedAssertion>().Where(used => used.ExpiresAt < now).ExecuteDeleteAsync(cancellationToken);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Expired client assertions were not deleted: {Reason}")]
    private partial void LogFailed(string reason);
}
