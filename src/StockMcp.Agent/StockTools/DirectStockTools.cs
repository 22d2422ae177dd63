using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StockMcp.Agent.Grants;
using StockMcp.Agent.SignIn;
using StockMcp.ResourceServer.ArgumentChecks;
using StockMcp.Tools;
using StockMcp.Tools.Connections;
using StockMcp.Tools.Errors;
using StockMcp.Tools.Schemas;

namespace StockMcp.Agent.StockTools;

/// <summary>
/// The same tools in this process. The agent is a resource of the Authority itself then: the person's token is for it, is checked as any resource checks one, and exchanged for the
/// broker's. Nothing of that is seen by a model either.
/// </summary>
internal sealed partial class DirectStockTools(
    AgentTokens tokens, IServiceScopeFactory scopes, IHttpContextAccessor accessor, IEnumerable<McpServerTool> listed, CheckedTools arguments, IOptions<AuthorityOptions> authority, ILogger<DirectStockTools> log) : IStockTools
{
    private static readonly Dictionary<string, (AIFunction Function, IReadOnlyList<string> Scopes)> s_tools = StockToolsExtensions.Methods.ToDictionary(
        method => method.GetCustomAttribute<McpServerToolAttribute>()!.Name!, method => (Function(method), method.RequiredScopes()), StringComparer.Ordinal);

    public Task<IReadOnlyList<AIFunctionDeclaration>> ListAsync(string subject, CancellationToken cancellationToken)
        => Task.FromResult<IReadOnlyList<AIFunctionDeclaration>>([.. listed.Select(tool => tool.ProtocolTool).Where(tool => ToolCatalog.Names.Contains(tool.Name))
            .Select(tool => AIFunctionFactory.CreateDeclaration(tool.Name, tool.Description ?? "", ToolCatalog.ForModel(tool.Name, tool.InputSchema)))]);

    public async Task<ToolAnswer> CallAsync(string subject, string tool, JsonObject arguments, CancellationToken cancellationToken)
    {
        if (!ToolCatalog.Names.Contains(tool)) return ToolCalls.NoSuchTool;
        try
        {
            var token = await tokens.GetAsync(subject, cancellationToken: cancellationToken);
            // A refused token may have ended early: another one is got, once.
            return await RunAsync(token, tool, arguments, cancellationToken) ?? await RunAsync(await tokens.GetAsync(subject, token, cancellationToken), tool, arguments, cancellationToken) ?? new ToolAnswer.SignInNeeded();
        }
        catch (SignInNeededException)
        {
            return new ToolAnswer.SignInNeeded();
        }
        catch (AuthorityAwayException away)
        {
            return new ToolAnswer.Refused("upstream_unavailable", away.Message, Retry: true, MoneyMayHaveMoved: false);
        }
    }

    // In a flow of its own, so that its caller is nobody else's.
    private async Task<ToolAnswer?> RunAsync(string token, string tool, JsonObject given, CancellationToken cancellationToken)
    {
        Task<ToolAnswer?> running;
        using (ExecutionContext.SuppressFlow()) running = Task.Run(() => InvokeAsync(token, tool, given, cancellationToken), cancellationToken);
        return await running;
    }

    private async Task<ToolAnswer?> InvokeAsync(string token, string tool, JsonObject given, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        context.Request.Headers.Authorization = "Bearer " + token;
        accessor.HttpContext = context;
        if (!(await context.AuthenticateAsync(JwtBearerDefaults.AuthenticationScheme)).Succeeded || context.Features.Get<Caller>() is not { } caller) return null;
        var (function, needed) = s_tools[tool];
        if (!needed.All(caller.Scopes.Contains)) return new ToolAnswer.ScopesNeeded(needed);
        try
        {
            var values = given.ToDictionary(argument => argument.Key, argument => JsonSerializer.SerializeToElement(argument.Value), StringComparer.Ordinal);
            arguments.Of(tool).Check(values);
            var call = new AIFunctionArguments(values.ToDictionary(value => value.Key, value => (object?)value.Value)) { Services = scope.ServiceProvider };
            var result = await function.InvokeAsync(call, cancellationToken) as CallToolResult ?? throw new InvalidOperationException($"{tool} answered nothing.");
            return ToolCalls.Read(result, authority.Value);
        }
        catch (TradingException exception) when (exception.Code == ErrorCode.AuthorizationEnded)
        {
            return null;
        }
        catch (TradingException exception)
        {
            return ToolCalls.Read(ToolError.From(exception).ToResult(), authority.Value);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException && !cancellationToken.IsCancellationRequested)
        {
            LogUnexpected(tool, exception);
            return ToolCalls.Read(ToolError.From(new TradingException(ErrorCode.InternalError, "This agent made a mistake. Its operator finds it in the log.")).ToResult(), authority.Value);
        }
    }

    private static AIFunction Function(MethodInfo method) => AIFunctionFactory.Create(method, given => ActivatorUtilities.CreateInstance(given.Services!, method.DeclaringType!), new AIFunctionFactoryOptions
    {
        SerializerOptions = ToolJson.Options,
        MarshalResult = (result, _, _) => ValueTask.FromResult(result),
        // Nobody here is told of progress.
        ConfigureParameterBinding = parameter => parameter.ParameterType == typeof(IProgress<ProgressNotificationValue>) ? new() { ExcludeFromSchema = true, BindParameter = (_, _) => null } : default,
    });

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "{Tool} failed")]
    private partial void LogUnexpected(string tool, Exception exception);
}
