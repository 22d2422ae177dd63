using System.Security.Claims;
using OpenIddict.Abstractions;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.SignIn;

/// <summary>The mail address that a connection says of a person.</summary>
internal static class MailAddress
{
    private const int Longest = 254;

    /// <returns><see langword="null"/> if it says none, says that it is not theirs for sure, or what it says is none.</returns>
    public static string? Of(ClaimsPrincipal upstream)
        => upstream.GetClaim(Claims.Email) is { Length: > 2 and <= Longest } address && upstream.GetClaim(Claims.EmailVerified) is not ("false" or "False")
            && VisibleText.Of(address) == address && System.Net.Mail.MailAddress.TryCreate(address, out var parsed) && parsed.Address == address ? address : null;
}
