using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace StockMcp.Authority.Audit;

/// <summary>
/// How far the log went, and what its chain was there, signed with ES256: <c>seq.mac.time.kid.signature</c>. MAC and signature are base64url, the time is in Unix
/// seconds, and the signature is over all that stands before its dot, with <c>stockmcp-audit-checkpoint.</c> in front.
/// </summary>
internal sealed record SignedCheckpoint(long Seq, byte[] Mac, DateTimeOffset Time, string Kid, byte[] Signature)
{
    private const string Context = "stockmcp-audit-checkpoint.";

    public static SignedCheckpoint Sign(long seq, byte[] mac, DateTimeOffset time, string kid, ECDsa key)
    {
        var unsigned = new SignedCheckpoint(seq, mac, DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds()), kid, []);
        return unsigned with { Signature = key.SignData(unsigned.Signed, HashAlgorithmName.SHA256) };
    }

    /// <exception cref="FormatException">It is none.</exception>
    public static SignedCheckpoint Parse(string text)
    {
        if (text.Trim().Split('.') is not [var seq, var mac, var time, var kid, var signature]) throw new FormatException("A checkpoint has five parts with dots between them: seq.mac.time.kid.signature.");
        return new SignedCheckpoint(
            long.Parse(seq, NumberStyles.None, CultureInfo.InvariantCulture), Base64Url.DecodeFromChars(mac),
            DateTimeOffset.FromUnixTimeSeconds(long.Parse(time, NumberStyles.None, CultureInfo.InvariantCulture)), kid, Base64Url.DecodeFromChars(signature));
    }

    public bool IsSignedBy(ECDsa key) => key.VerifyData(Signed, Signature, HashAlgorithmName.SHA256);

    public override string ToString() => $"{Statement}.{Base64Url.EncodeToString(Signature)}";

    private string Statement => string.Create(CultureInfo.InvariantCulture, $"{Seq}.{Base64Url.EncodeToString(Mac)}.{Time.ToUnixTimeSeconds()}.{Kid}");

    private byte[] Signed => Encoding.ASCII.GetBytes(Context + Statement);
}
