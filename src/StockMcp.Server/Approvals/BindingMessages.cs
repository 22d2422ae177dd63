using System.Security.Cryptography;

namespace StockMcp.Server.Approvals;

/// <summary>
/// The short code that a person sees at the agent and on the approval page (CIBA Core, section 7.1): six letters and digits of 32 that are not mistaken for one another, 30 random bits.
/// </summary>
internal static class BindingMessages
{
    private const string Letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    public static string New()
    {
        var code = RandomNumberGenerator.GetString(Letters, 6);
        return $"{code[..3]}-{code[3..]}";
    }
}
