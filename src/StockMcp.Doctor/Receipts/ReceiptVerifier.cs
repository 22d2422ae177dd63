using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.Receipts;

/// <summary>Verifies a receipt with the keys that its issuer publishes, or that are given.</summary>
internal sealed class ReceiptVerifier(DoctorHttp http, string? issuer, string? keys)
{
    private const string Type = "stock-receipt+jwt";

    /// <returns>What it says; without it, why it is not genuine.</returns>
    /// <exception cref="UsageException">It could not be verified.</exception>
    public async Task<(JsonObject? Claims, string? Why)> VerifyAsync(string text, CancellationToken cancellationToken)
    {
        text = text.Trim();
        var handler = new JsonWebTokenHandler();
        if (!handler.CanReadToken(text)) return (null, "this is no JWS in compact form (RFC 7515).");
        JsonWebToken receipt;
        try
        {
            receipt = handler.ReadJsonWebToken(text);
        }
        catch (Exception exception) when (exception is ArgumentException or SecurityTokenException)
        {
            return (null, "this is no JWS in compact form (RFC 7515).");
        }
        if (receipt.Typ != Type) return (null, $"its typ is '{Foreign.Text(receipt.Typ)}', and that of a receipt is {Type}: this is something else.");
        if (issuer is not null && receipt.Issuer != issuer && receipt.Issuer != issuer.TrimEnd('/') + "/") return (null, $"it says that {Foreign.Text(receipt.Issuer)} signed it, not {issuer}.");

        var set = Parse(keys ?? await FetchAsync(receipt.Issuer, cancellationToken));
        // RFC 8725: the algorithm is what we expect, never what a file says.
        var result = await handler.ValidateTokenAsync(receipt, new TokenValidationParameters
        {
            ValidIssuer = receipt.Issuer,
            ValidateAudience = false,
            ValidateLifetime = false,
            RequireExpirationTime = false,
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            ValidTypes = [Type],
            IssuerSigningKeys = set.Keys.Where(key => key.Kid == receipt.Kid),
        });
        if (result.IsValid) return (JsonNode.Parse(Base64UrlEncoder.Decode(receipt.EncodedPayload))!.AsObject(), null);
        return (null, set.Keys.Any(key => key.Kid == receipt.Kid)
            ? "the signature does not fit: it was changed, or somebody else made it."
            : $"its issuer publishes no key {Foreign.Text(receipt.Kid)}: somebody else signed it, or the key was revoked. Then download the receipt again.");
    }

    private async Task<string> FetchAsync(string from, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(from, UriKind.Absolute, out var url) || !(url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))) throw new UsageException($"The receipt names '{Foreign.Text(from)}' as its issuer, which is no https URL.");
        var metadata = await http.GetAsync(new Uri(url, ".well-known/oauth-authorization-server"), cancellationToken);
        if (metadata.Status != 200 || metadata.Json is not { } document) throw new UsageException($"{metadata.Url} does not tell where the keys are: {metadata.Said}. Without network, give a file of keys with --keys.");
        if (document.Text("issuer") != from) throw new UsageException($"{metadata.Url} is about another issuer than {Foreign.Text(from)}.");
        if (document.Text("receipts_jwks_uri") is not { } place || !Uri.TryCreate(place, UriKind.Absolute, out var address) || address.GetLeftPart(UriPartial.Authority) != url.GetLeftPart(UriPartial.Authority))
            throw new UsageException($"{metadata.Url} names no receipts_jwks_uri of its own.");
        var answer = await http.GetAsync(address, cancellationToken);
        return answer.Status == 200 ? answer.Body : throw new UsageException($"{answer.Url} does not give the keys: {answer.Said}.");
    }

    private static JsonWebKeySet Parse(string json)
    {
        try
        {
            return new JsonWebKeySet(json);
        }
        catch (Exception exception) when (exception is ArgumentException or System.Text.Json.JsonException)
        {
            throw new UsageException("The keys are no JSON Web Key Set (RFC 7517).");
        }
    }
}
