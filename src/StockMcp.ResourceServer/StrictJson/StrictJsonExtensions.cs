using System.Buffers;
using ModelContextProtocol.Protocol;

namespace StockMcp.ResourceServer.StrictJson;

/// <summary>One reading of the body for all: what is authorized is what is executed (RS-09, RS-10).</summary>
public static class StrictJsonExtensions
{
    private const int LargestBody = 256 * 1024;

    /// <summary>Reads the body whole, refuses what can be read in two ways, and lets the next one have the same bytes.</summary>
    public static void UseStrictJson(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            await next(context);
            return;
        }
        if (await ReadAsync(context.Request) is not { } body)
        {
            await JsonRpcRefusal.WriteAsync(context, StatusCodes.Status413PayloadTooLarge, new(JsonRpcRefusal.InvalidRequest, $"The body is larger than {LargestBody / 1024} KiB."));
            return;
        }
        try
        {
            var message = McpMessage.Read(body);
            context.Features.Set(message);
            CheckHeaders(context.Request.Headers, message);
        }
        catch (StrictJsonException exception)
        {
            await JsonRpcRefusal.WriteAsync(context, StatusCodes.Status400BadRequest, exception.Refusal);
            return;
        }
        context.Request.Body = new MemoryStream(body, writable: false);
        context.Request.ContentLength = body.Length;
        await next(context);
    });

    private static async Task<byte[]?> ReadAsync(HttpRequest request)
    {
        if (request.ContentLength > LargestBody) return null;
        try
        {
            while (true)
            {
                var read = await request.BodyReader.ReadAsync(request.HttpContext.RequestAborted);
                if (read.Buffer.Length > LargestBody) return null;
                if (read.IsCompleted)
                {
                    var body = read.Buffer.ToArray();
                    request.BodyReader.AdvanceTo(read.Buffer.End);
                    return body;
                }
                request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return null;
        }
    }

    // Required since 2026-07-28; whoever sends them in an older revision is held to them, too. A proxy may have decided by what they say.
    private static void CheckHeaders(IHeaderDictionary headers, McpMessage message)
    {
        Check("Mcp-Method", message.Method, decode: false);
        Check("Mcp-Name", message.Name, decode: true);
        // A body that names its revision needs the header, too, and with it the SDK asks for the other two. initialize, of older revisions, comes before there is one.
        if (message.ProtocolVersion is not null) Check("MCP-Protocol-Version", message.ProtocolVersion, decode: false, needed: message.Method != RequestMethods.Initialize);

        void Check(string name, string? inBody, bool decode, bool needed = false)
        {
            if (!headers.TryGetValue(name, out var values) && !needed) return;
            var value = values.Count == 1 ? decode ? McpHeaderEncoder.DecodeValue(values.ToString()) : values.ToString() : null;
            if (value is null || value != inBody) throw new StrictJsonException(JsonRpcRefusal.HeaderMismatch, $"The header {name} does not say the same as the body.");
        }
    }
}
