using System.CommandLine;
using System.Text.Json.Nodes;
using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.Receipts;

/// <summary>The command <c>stockmcp verify-receipt FILE</c>.</summary>
internal static class ReceiptCommand
{
    private const int Invalid = 1;
    private const int Unusable = 2;
    private const int LargestFile = 256 * 1024;
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(15);

    public static Command Create(TextWriter output, TextWriter errors, HttpMessageHandler handler, TimeProvider time)
    {
        var file = new Argument<string>("file") { Description = "The receipt, as it was downloaded; - for standard input." };
        var issuer = new Option<string?>("--issuer") { Description = "The authorization server that must have signed it. Without it, whoever the receipt names is asked for the keys, and you decide whether you trust them." };
        var keys = new Option<string?>("--keys") { Description = "A file with the published keys (a JSON Web Key Set), instead of asking for them: for a computer without network, and for later." };
        var json = new Option<bool>("--json") { Description = "Write what the receipt says as JSON." };
        var command = new Command("verify-receipt", "Verifies the signed receipt of an order, and says what it says. 0: it is genuine. 1: it is not. 2: it could not be verified.") { file, issuer, keys, json };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            try
            {
                using var http = new DoctorHttp(handler, s_timeout, time);
                var verifier = new ReceiptVerifier(http, arguments.GetValue(issuer), await ReadAsync(arguments.GetValue(keys), cancellationToken));
                var (claims, why) = await verifier.VerifyAsync((await ReadAsync(arguments.GetRequiredValue(file), cancellationToken))!, cancellationToken);
                if (claims is null)
                {
                    await errors.WriteLineAsync($"Not genuine: {why}");
                    return Invalid;
                }
                if (arguments.GetValue(json)) await output.WriteLineAsync(claims.ToJsonString(new() { WriteIndented = true }));
                else ReceiptText.Write(claims, output);
                return 0;
            }
            catch (UsageException exception)
            {
                await errors.WriteLineAsync(exception.Message);
                return Unusable;
            }
        });
        return command;
    }

    private static async Task<string?> ReadAsync(string? file, CancellationToken cancellationToken)
    {
        if (file is null) return null;
        try
        {
            if (file == "-") return await Console.In.ReadToEndAsync(cancellationToken);
            return new FileInfo(file).Length <= LargestFile ? await File.ReadAllTextAsync(file, cancellationToken) : throw new UsageException($"{file} is too large to be a receipt.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new UsageException($"{file} cannot be read: {exception.Message}");
        }
    }
}

/// <summary>What a receipt says, for people.</summary>
internal static class ReceiptText
{
    public static void Write(JsonObject claims, TextWriter output)
    {
        var (order, ground, audit) = (claims["order"] as JsonObject, claims["allowed_by"] as JsonObject, claims["audit"] as JsonObject);
        var terms = (claims["authorization_details"] as JsonArray)?[0] as JsonObject;
        output.WriteLine("Genuine.");
        Line("signed by", claims.Text("iss"));
        Line("person", claims.Text("sub"));
        Line("agent", claims.Text("client_id"));
        Line("allowed by", $"{ground.Text("type")} {ground.Text("id")}, {ground.Text("at")}");
        foreach (var (name, value) in terms ?? []) if (name != "type") Line(name, value?.ToString());
        Line("order", $"{order.Text("id")} {order.Text("status")}");
        if (order.Text("filled_quantity") is { } quantity) Line("filled", $"{quantity} at {order.Text("filled_price")}, {order.Text("filled_at")}");
        Line("submitted", order.Text("submitted_at"));
        Line("audit log", $"line {audit?["seq"]}, {audit.Text("hash")}, {audit.Text("time")}");

        void Line(string label, string? value)
        {
            if (!string.IsNullOrWhiteSpace(value)) output.WriteLine($"  {label.Replace('_', ' '),-14} {Foreign.Text(value)}");
        }
    }
}
