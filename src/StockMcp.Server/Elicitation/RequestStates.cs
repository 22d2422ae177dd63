using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using StockMcp.ResourceServer.Sealing;
using StockMcp.Tools.Connections;

namespace StockMcp.Server.Elicitation;

/// <summary>
/// What a client brings back with a call that needed something first (RS-08): sealed, and bound to person, agent, tool and arguments, for ten minutes. It only says that we
/// asked, and which approval the call waits for: it opens nothing, so it may be brought twice.
/// </summary>
/// <param name="key">The key that all copies have.</param>
/// <param name="time">The clock.</param>
internal sealed class RequestStates(byte[] key, TimeProvider time) : IDisposable
{
    private const int IdBytes = 16;
    private readonly TimedSeal seal = new(key, "stockmcp/server/request-state/v1"u8, time);

    /// <param name="caller">For whom.</param>
    /// <param name="tool">For a call of this tool.</param>
    /// <param name="arguments">With these arguments.</param>
    /// <param name="approval">The approval that the call goes on to wait for, if it asked for one.</param>
    public string Seal(Caller caller, string tool, IDictionary<string, JsonElement>? arguments, Guid approval = default) => seal.Seal(approval.ToByteArray(), BoundTo(caller, tool, arguments));

    /// <summary>Whether it was given to this caller, for just this call, and not too long ago.</summary>
    public bool IsGood(string state, Caller caller, string tool, IDictionary<string, JsonElement>? arguments, out Guid approval)
    {
        approval = default;
        if (state.Length != TimedSeal.LengthOf(IdBytes) || seal.Open(state, BoundTo(caller, tool, arguments)) is not { Length: IdBytes } content) return false;
        approval = new Guid(content);
        return true;
    }

    public void Dispose() => seal.Dispose();

    internal static byte[] BoundTo(Caller caller, string tool, IDictionary<string, JsonElement>? arguments)
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Canonical(arguments))));
        return BoundSeal.Join(caller.Issuer, caller.Subject, caller.ClientId, "tools/call", tool, digest);
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
