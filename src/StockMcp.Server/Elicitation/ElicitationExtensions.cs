using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StockMcp.ResourceServer.Elicitation;
using StockMcp.ResourceServer.Sealing;
using StockMcp.ResourceServer.UpstreamTokens;
using StockMcp.Tools;
using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;

namespace StockMcp.Server.Elicitation;

/// <summary>
/// Step-up of the connection: a tool that needs an account, or more of one, sends the person to the page that mends it, in the way that their client has (URL-mode elicitation).
/// A client that has none gets the tool's error with <c>connect_uri</c> in it. The same call succeeds afterwards.
/// </summary>
internal static class ElicitationExtensions
{
    private const string Connect = "connect";
    private const string Accept = "accept";

    /// <summary>How long a call waits for a person who said that they open the page.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan s_lookAgain = TimeSpan.FromSeconds(1);

    /// <summary>Adds what a client carries between two calls.</summary>
    public static void AddElicitation(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(provider => new RequestStates(provider.GetRequiredService<SharedKey>().Value, provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton(provider => new CallNotes(provider.GetRequiredService<SharedKey>().Value, provider.GetRequiredService<SharedTokens>(), provider.GetRequiredService<RequestStates>()));
    }

    /// <summary>Asks, and asks once: a person who declines, or does not come back in time, is told by the tool's error.</summary>
    public static McpRequestHandler<CallToolRequestParams, CallToolResult> AskToConnect(McpRequestHandler<CallToolRequestParams, CallToolResult> next) => async (request, cancellationToken) =>
    {
        var answer = ReadAnswer(request, out var approval);
        if (request.Params?.Name == StockToolsExtensions.PlaceOrder) await OfferApprovalPageAsync(request, approval == Guid.Empty ? null : approval);
        try
        {
            return answer == Accept ? await WaitAsync(next, request, cancellationToken) : await next(request, cancellationToken);
        }
        catch (TradingException exception) when (answer is null && exception is { Code: ErrorCode.ConnectionRequired, ConnectUri: { } uri })
        {
            var elicitation = new ElicitRequestParams { Mode = "url", ElicitationId = Guid.CreateVersion7().ToString(), Url = uri, Message = exception.Message };
            if (OpensUrls(request))
            {
                var state = request.Services!.GetRequiredService<RequestStates>().Seal(request.Services!.GetRequiredService<Caller>(), request.Params!.Name, request.Params.Arguments);
                throw new InputRequiredException(new Dictionary<string, InputRequest> { [Connect] = InputRequest.ForElicitation(elicitation) }, state);
            }
            if (request.Services!.GetRequiredService<IHttpContextAccessor>().HttpContext?.Features.Get<UrlElicitationSession>() is not null)
                throw new UrlElicitationRequiredException(exception.Message, [elicitation]);
            throw;
        }
    };

    /// <returns>What the person answered: accept, decline or cancel; <see langword="null"/> if this call was not asked about yet.</returns>
    private static string? ReadAnswer(RequestContext<CallToolRequestParams> request, out Guid approval)
    {
        approval = default;
        if (request.Params is not { } call || (call.RequestState is null && call.InputResponses is not { Count: > 0 })) return null;
        if (call.RequestState is not { } state || !request.Services!.GetRequiredService<RequestStates>().IsGood(state, request.Services!.GetRequiredService<Caller>(), call.Name, call.Arguments, out approval))
            throw new McpProtocolException("requestState is not what this server gave for this call, or is older than ten minutes. Call again without it.", McpErrorCode.InvalidParams);
        return call.InputResponses is { } responses && responses.TryGetValue(Connect, out var response) && response.RawValue is { ValueKind: JsonValueKind.Object } given && given.TryGetProperty("action", out var action) && action.ValueKind == JsonValueKind.String ? action.GetString()! : "cancel";
    }

    private static bool OpensUrls(RequestContext<CallToolRequestParams> request) => request.Server.IsMrtrSupported && request.Server.ClientCapabilities?.Elicitation?.Url is not null;

    // The person is sent to their approval page once; a call that comes back goes on waiting for the approval that it asked for, and asks for no other.
    private static async Task OfferApprovalPageAsync(RequestContext<CallToolRequestParams> request, Guid? underWay)
    {
        var (services, call) = (request.Services!, request.Params!);
        var (context, caller) = (services.GetRequiredService<IHttpContextAccessor>().HttpContext, services.GetRequiredService<Caller>());
        if (OpensUrls(request))
        {
            var states = services.GetRequiredService<RequestStates>();
            context?.Features.Set(new ApprovalPage { UnderWay = underWay, Seal = asked => states.Seal(caller, call.Name, call.Arguments, asked) });
        }
        else if (context?.Features.Get<UrlElicitationSession>() is not null)
        {
            var notes = services.GetRequiredService<CallNotes>();
            context.Features.Set(new ApprovalPage { UnderWay = await notes.TakeAsync(caller, call.Name, call.Arguments), Keep = asked => notes.KeepAsync(caller, call.Name, call.Arguments, asked) });
        }
    }

    // "Accept" means that the person agreed to open the page, not that they are through with it.
    private static async Task<CallToolResult> WaitAsync(McpRequestHandler<CallToolRequestParams, CallToolResult> next, RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        var time = request.Services!.GetRequiredService<TimeProvider>();
        for (var deadline = time.GetUtcNow() + s_patience; ; await Task.Delay(s_lookAgain, time, cancellationToken))
        {
            try
            {
                return await next(request, cancellationToken);
            }
            catch (TradingException exception) when (exception.Code == ErrorCode.ConnectionRequired && time.GetUtcNow() < deadline)
            {
                // Not yet.
            }
        }
    }
}
