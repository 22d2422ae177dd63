using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using StockMcp.Tools.Connections;

namespace StockMcp.Server.Elicitation;

/// <summary>
/// What a client brings back with a call that needed something first (RS-08): AES-256-GCM, bound to person, agent, tool and arguments, for ten minutes. It only says that we
/// asked, and which approval the call waits for: it opens nothing, so it may be brought twice.
/// </summary>
internal sealed class RequestStates : IDisposable
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);
    private const byte Version = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int IdBytes = 16;
    private const int ContentBytes = sizeof(long) + IdBytes;
    private const int Bytes = 1 + NonceBytes + TagBytes + ContentBytes;
    private readonly AesGcm aes;
    private readonly TimeProvider time;

    /// <param name="key">The key that all copies have.</param>
    /// <param name="time">The clock.</param>
    public RequestStates(byte[] key, TimeProvider time)
    {
        aes = new AesGcm(HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: "stockmcp/server/request-state/v1"u8.ToArray()), TagBytes);
        this.time = time;
    }

    /// <param name="caller">For whom.</param>
    /// <param name="tool">For a call of this tool.</param>
    /// <param name="arguments">With these arguments.</param>
    /// <param name="approval">The approval that the call goes on to wait for, if it asked for one.</param>
    public string Seal(Caller caller, string tool, IDictionary<string, JsonElement>? arguments, Guid approval = default)
    {
        var state = new byte[Bytes];
        state[0] = Version;
        RandomNumberGenerator.Fill(state.AsSpan(1, NonceBytes));
        Span<byte> content = stackalloc byte[ContentBytes];
        BinaryPrimitives.WriteInt64BigEndian(content, (time.GetUtcNow() + Lifetime).ToUnixTimeSeconds());
        approval.TryWriteBytes(content[sizeof(long)..]);
        aes.Encrypt(state.AsSpan(1, NonceBytes), content, state.AsSpan(1 + NonceBytes + TagBytes), state.AsSpan(1 + NonceBytes, TagBytes), BoundTo(caller, tool, arguments));
        return Base64Url.EncodeToString(state);
    }

    /// <summary>Whether it was given to this caller, for just this call, and not too long ago.</summary>
    public bool IsGood(string state, Caller caller, string tool, IDictionary<string, JsonElement>? arguments, out Guid approval)
    {
        approval = default;
        Span<byte> bytes = stackalloc byte[Bytes];
        Span<byte> content = stackalloc byte[ContentBytes];
        if (state.Length != Base64Url.GetEncodedLength(Bytes) || !Base64Url.IsValid(state) || !Base64Url.TryDecodeFromChars(state, bytes, out var written) || written != Bytes || bytes[0] != Version) return false;
        try
        {
            aes.Decrypt(bytes.Slice(1, NonceBytes), bytes[(1 + NonceBytes + TagBytes)..], bytes.Slice(1 + NonceBytes, TagBytes), content, BoundTo(caller, tool, arguments));
        }
        catch (CryptographicException)
        {
            return false;
        }
        approval = new Guid(content[sizeof(long)..]);
        return time.GetUtcNow().ToUnixTimeSeconds() < BinaryPrimitives.ReadInt64BigEndian(content);
    }

    public void Dispose() => aes.Dispose();

    internal static byte[] BoundTo(Caller caller, string tool, IDictionary<string, JsonElement>? arguments)
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Canonical(arguments))));
        return Encoding.UTF8.GetBytes(string.Concat(new[] { caller.Issuer, caller.Subject, caller.ClientId, "tools/call", tool, digest }.Select(part => $"{part.Length}:{part}")));
    }

    // The order of members says nothing; whoever sends the call again may have changed it.
    private static string Canonical(IDictionary<string, JsonElement>? arguments)
        => arguments is null ? "{}" : "{" + string.Join(',', arguments.OrderBy(argument => argument.Key, StringComparer.Ordinal).Select(argument => JsonSerializer.Serialize(argument.Key) + ":" + Canonical(argument.Value))) + "}";

    private static string Canonical(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => Canonical(value.EnumerateObject().ToDictionary(member => member.Name, member => member.Value)),
        JsonValueKind.Array => "[" + string.Join(',', value.EnumerateArray().Select(Canonical)) + "]",
        JsonValueKind.Number => decimal.TryParse(value.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number.ToString("G29", CultureInfo.InvariantCulture) : value.GetRawText(),
        _ => JsonSerializer.Serialize(value),
    };
}
