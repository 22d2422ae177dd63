using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace StockMcp.Authority.Audit;

/// <summary>Writes down codes and refresh tokens that were not honoured. Those that nobody issued are noise, and not written.</summary>
internal sealed partial class RefusedTokens(AuditLog audit, IOpenIddictTokenManager tokens, ILogger<RefusedTokens> log) : IOpenIddictServerHandler<ApplyTokenResponseContext>
{
    public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<ApplyTokenResponseContext>()
        .UseScopedHandler<RefusedTokens>()
        .SetOrder(int.MinValue + 100_000)
        .SetType(OpenIddictServerHandlerType.Custom)
        .Build();

    public async ValueTask HandleAsync(ApplyTokenResponseContext context)
    {
        if (context.Error is not { } error || context.Request is not { } request || (!request.IsAuthorizationCodeGrantType() && !request.IsRefreshTokenGrantType())) return;
        try
        {
            // A refresh token is stored by a hash of itself; a code names its entry.
            var brought = request.RefreshToken is { } reference ? await tokens.FindByReferenceIdAsync(reference, context.CancellationToken) : null;
            if (request.IsRefreshTokenGrantType() && brought is null) return;
            var reused = brought is not null && await tokens.HasStatusAsync(brought, Statuses.Redeemed, context.CancellationToken);
            await audit.AppendAsync(new AuditRecord(reused ? AuditEvents.TokenReused : AuditEvents.TokenRefused, AuditDecisions.Refused)
            {
                Person = brought is not null && Guid.TryParse(await tokens.GetSubjectAsync(brought, context.CancellationToken), out var person) ? person : null,
                Client = request.ClientId,
                Reason = error,
            });
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            LogNotWritten(exception); // it stays refused
        }
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "A refused token could not be written to the audit log.")]
    private partial void LogNotWritten(Exception exception);
}
