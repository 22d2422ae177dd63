using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using StockMcp.Agent.Grants;
using StockMcp.Agent.SignIn;
using StockMcp.Tools.Scopes;

namespace StockMcp.Agent.StockTools;

/// <summary>The tools over MCP, with the person's access token for that server: the C# SDK's client, as any other agent would use it.</summary>
internal sealed partial class McpStockTools(
    AgentTokens tokens, IHttpMessageHandlerFactory handlers, IOptions<AgentOptions> options, IOptions<AuthorityOptions> authority, ILoggerFactory loggers, TimeProvider time, ILogger<McpStockTools> log) : IStockTools
{
    public const string HttpClientName = "mcp";
    private const string AuthorizationEnded = "authorization_ended";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan s_remembered = TimeSpan.FromMinutes(10);
    private (IReadOnlyList<AIFunctionDeclaration> Tools, DateTimeOffset Until) known = ([], DateTimeOffset.MinValue);

    public async Task<IReadOnlyList<AIFunctionDeclaration>> ListAsync(string subject, CancellationToken cancellationToken)
    {
        var (remembered, until) = known;
        if (until > time.GetUtcNow()) return remembered;
        var listed = await WithClientAsync(subject, (client, token) => client.ListToolsAsync(cancellationToken: token), cancellationToken);
        IReadOnlyList<AIFunctionDeclaration> tools = [.. listed.Where(tool => ToolCatalog.Names.Contains(tool.Name))
            .Select(tool => AIFunctionFactory.CreateDeclaration(tool.Name, tool.Description, ToolCatalog.ForModel(tool.Name, tool.JsonSchema)))];
        known = (tools, time.GetUtcNow() + s_remembered);
        return tools;
    }

    public async Task<ToolAnswer> CallAsync(string subject, string tool, JsonObject arguments, CancellationToken cancellationToken)
    {
        if (!ToolCatalog.Names.Contains(tool)) return ToolCalls.NoSuchTool;
        try
        {
            var given = arguments.ToDictionary(argument => argument.Key, argument => (object?)JsonSerializer.SerializeToElement(argument.Value), StringComparer.Ordinal);
            return ToolCalls.Read(await WithClientAsync(subject, (client, token) => client.CallToolAsync(tool, given, cancellationToken: token), cancellationToken), authority.Value);
        }
        catch (SignInNeededException)
        {
            return new ToolAnswer.SignInNeeded();
        }
        catch (ScopesMissingException missing)
        {
            return new ToolAnswer.ScopesNeeded(missing.Scopes);
        }
        catch (AuthorityAwayException away)
        {
            return new ToolAnswer.Refused("upstream_unavailable", away.Message, Retry: true, MoneyMayHaveMoved: false);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or McpException or TimeoutException or JsonException or InvalidOperationException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            LogFailed(tool, exception.GetType().Name, exception.Message.ReplaceLineEndings(" "));
            // The order itself is known by its request_id: asked again, it is the same.
            return new ToolAnswer.Refused("upstream_unavailable", "The server of the tools did not answer. Try again in a moment.", Retry: true, MoneyMayHaveMoved: tool == ToolCatalog.PlaceOrder);
        }
    }

    private async Task<T> WithClientAsync<T>(string subject, Func<McpClient, CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        string? refused = null;
        using var patience = new CancellationTokenSource(s_patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        while (true)
        {
            var token = await tokens.GetAsync(subject, refused, cancellationToken);
            try
            {
                using var http = new HttpClient(new Bearer(token) { InnerHandler = handlers.CreateHandler(HttpClientName) }, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };
                await using var transport = new HttpClientTransport(new() { Endpoint = options.Value.McpServer!, TransportMode = HttpTransportMode.StreamableHttp, EnableStandaloneGetStream = false }, http, loggers);
                await using var client = await McpClient.CreateAsync(transport, new() { ClientInfo = new Implementation { Name = "stockmcp-agent", Version = "1" } }, loggers, either.Token);
                var answer = await call(client, either.Token);
                // The resource takes the token still, what stands behind it does not: whether the sign-in is over, the refresh tells.
                return answer is CallToolResult { IsError: true } result && ToolCalls.ErrorOf(result) is { } error && (string?)error["code"] == AuthorizationEnded ? throw new TokenRefusedException() : answer;
            }
            catch (Exception exception) when (Cause<TokenRefusedException>(exception) is not null)
            {
                if (refused is not null) throw new SignInNeededException();
                refused = token;
            }
            catch (Exception exception) when (Cause<ScopesMissingException>(exception) is { } missing)
            {
                throw new ScopesMissingException(missing.Scopes);
            }
        }
    }

    private static T? Cause<T>(Exception? exception) where T : Exception
    {
        for (; exception is not null; exception = exception.InnerException) if (exception is T found) return found;
        return null;
    }

    /// <summary>Adds the token, and reads the refusals that a person can mend (RFC 6750, section 3) before the SDK makes texts of them.</summary>
    private sealed class Bearer(string token) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            var response = await base.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.Unauthorized)
            {
                response.Dispose();
                throw new TokenRefusedException();
            }
            if (response.StatusCode != HttpStatusCode.Forbidden || !response.Headers.WwwAuthenticate.ToString().Contains("insufficient_scope", StringComparison.Ordinal)) return response;
            var challenge = response.Headers.WwwAuthenticate.ToString();
            response.Dispose();
            throw new ScopesMissingException([.. StockScopes.All.Where(scope => challenge.Contains(scope, StringComparison.Ordinal))]);
        }
    }

    private sealed class TokenRefusedException() : Exception("The token was not accepted.");

    private sealed class ScopesMissingException(IReadOnlyList<string> scopes) : Exception("The person did not allow this.")
    {
        public IReadOnlyList<string> Scopes { get; } = scopes;
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "{Tool} was not answered: {Kind}: {Reason}")]
    private partial void LogFailed(string tool, string kind, string reason);
}
