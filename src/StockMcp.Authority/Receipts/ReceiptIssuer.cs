using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.Audit;
using StockMcp.Authority.Database;
using StockMcp.AuthorizationServer.Database;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Hosting;

namespace StockMcp.Authority.Receipts;

/// <summary>Makes receipts of placed orders out of what is stored, signed by the key that signs tokens, whose public half is kept for good (docs/receipts.md).</summary>
internal sealed class ReceiptIssuer(AuthorityDbContext database, SigningKeys keys, KeyRotation rotation, PublicUrl publicUrl, TimeProvider time)
{
    private static readonly JsonSerializerOptions s_json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonWebTokenHandler s_handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>The receipt of an order, as a JWS (RFC 7515, compact).</summary>
    /// <returns><see langword="null"/> if it was not placed.</returns>
    public async Task<string?> IssueAsync(Approval approval, CancellationToken cancellationToken)
    {
        if (approval is not { State: ApprovalState.Placed, OrderId: { } orderId, DecidedAt: { } decidedAt }) return null;
        var (actor, id) = (approval.PersonId.ToString(), approval.Id.ToString());
        if (await database.Set<AuditEntry>().AsNoTracking().FirstOrDefaultAsync(entry => entry.Actor == actor && entry.Approval == id && entry.Event == AuditEvents.OrderPlaced, cancellationToken) is not { } line) return null;
        var receipt = new Receipt
        {
            Issuer = publicUrl.Value.AbsoluteUri,
            IssuedAt = time.GetUtcNow().ToUnixTimeSeconds(),
            Id = id,
            Subject = actor,
            ClientId = approval.AgentId,
            AllowedBy = new(approval.MandateId is null ? "approval" : "mandate", approval.MandateId ?? approval.Id, approval.RequestedAt, decidedAt),
            AuthorizationDetails = JsonSerializer.Deserialize<JsonElement>(approval.Details),
            Order = new ReceiptOrder
            {
                Id = orderId,
                ClientOrderId = approval.ClientOrderId,
                Status = approval.OrderStatus,
                SubmittedAt = approval.SubmittedAt,
                FilledAt = approval.FilledAt,
                FilledQuantity = approval.FilledQuantity,
                FilledPrice = approval.FilledPrice,
            },
            Audit = new(line.Seq, Base64UrlEncoder.Encode(line.Mac), line.Time),
        };
        var credentials = await CredentialsAsync(cancellationToken);
        return s_handler.CreateToken(JsonSerializer.Serialize(receipt, s_json), credentials, new Dictionary<string, object> { [JwtHeaderParameterNames.Typ] = Receipt.Type });
    }

    /// <summary>All keys that signed receipts, as a JSON Web Key Set (RFC 7517).</summary>
    public async Task<string> KeysAsync(CancellationToken cancellationToken)
        => $"{{\"keys\":[{string.Join(',', await database.Set<ReceiptKey>().AsNoTracking().OrderBy(key => key.FirstUsedAt).Select(key => key.Jwk).ToListAsync(cancellationToken))}]}}";

    // Nothing is signed by a key that is not published for good, and none is published any more that was revoked.
    private async Task<SigningCredentials> CredentialsAsync(CancellationToken cancellationToken)
    {
        var current = keys.Current.Key.KeyId;
        if (!await database.SigningKeys.AnyAsync(key => key.Kid == current, cancellationToken)) await rotation.RunAsync(cancellationToken);
        var credentials = keys.Current;
        var kid = credentials.Key.KeyId;
        if (await database.Set<ReceiptKey>().AnyAsync(key => key.Kid == kid, cancellationToken)) return credentials;
        var point = ((ECDsaSecurityKey)credentials.Key).ECDsa.ExportParameters(includePrivateParameters: false).Q;
        var jwk = JsonSerializer.Serialize(new { kty = "EC", crv = "P-256", x = Base64UrlEncoder.Encode(point.X), y = Base64UrlEncoder.Encode(point.Y), kid, alg = "ES256", use = "sig" });
        var key = new ReceiptKey { Kid = kid, Jwk = jwk, FirstUsedAt = time.GetUtcNow() };
        database.Add(key);
        try
        {
            await database.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException exception) when (!DatabaseOutage.Is(exception))
        {
            database.Entry(key).State = EntityState.Detached; // another copy, in the same moment
        }
        return credentials;
    }
}
