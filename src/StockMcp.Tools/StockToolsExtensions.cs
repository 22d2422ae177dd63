using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;
using StockMcp.Tools.MarketData;
using StockMcp.Tools.OrderApprovals;
using StockMcp.Tools.OrderCard;
using StockMcp.Tools.OrderReview;
using StockMcp.Tools.Orders;
using StockMcp.Tools.Portfolio;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.Scopes;
using StockMcp.Tools.TradingApi;
using StockMcp.Tools.WhoAmI;

namespace StockMcp.Tools;

/// <summary>All tools, and the card of an order, for an MCP server. Whoever adds them also adds <c>Caller</c>, <c>IUpstreamTokens</c>, <c>IConnectedAccounts</c>, <c>IOrderApprovals</c> and <c>IReviewIds</c>, each for the call's scope.</summary>
public static class StockToolsExtensions
{
    /// <summary>The tool that asks for an order.</summary>
    public const string PlaceOrder = "place_order";

    private static readonly Type[] s_types = [typeof(MarketDataTools), typeof(WhoAmITool), typeof(PortfolioTools), typeof(OrderTools), typeof(OrderReviewTool), typeof(OrderApprovalTools), typeof(CancelOrderTool), typeof(TradingLimitsTool), typeof(OrderReceiptTool)];

    /// <summary>The tools' methods, in the order in which they are listed.</summary>
    public static IReadOnlyList<MethodInfo> Methods { get; } =
        [.. s_types.SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).Where(method => method.IsDefined(typeof(McpServerToolAttribute))).OrderBy(method => method.MetadataToken))];

    /// <summary>Adds the tools and the client of the trading API.</summary>
    public static IMcpServerBuilder WithStockTools(this IMcpServerBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddTradingApi();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<RecentQuotes>();
        builder.WithResources([OrderCardResource.Create()]);
        foreach (var method in Methods) builder.Services.AddSingleton(services => Create(method, services));
        return builder;
    }

    /// <summary>The scopes that a tool's method asks for.</summary>
    public static IReadOnlyList<string> RequiredScopes(this MethodInfo method) => method.GetCustomAttribute<RequiresScopeAttribute>()?.Scopes ?? [];

    internal static IEnumerable<string> ToolsThatNeed(string scope)
        => Methods.Where(method => method.RequiredScopes().Contains(scope)).Select(method => method.GetCustomAttribute<McpServerToolAttribute>()!.Name!);

    private static McpServerTool Create(MethodInfo method, IServiceProvider services)
    {
        var attribute = method.GetCustomAttribute<McpServerToolAttribute>()!;
        var meta = new JsonObject { [RequiresScopeAttribute.MetaKey] = new JsonArray([.. method.RequiredScopes().Select(scope => (JsonNode)scope)]) };
        if (method.IsDefined(typeof(OrderCardAttribute))) OrderCardResource.AddTo(meta);
        var tool = McpServerTool.Create(method, request => ActivatorUtilities.CreateInstance(request.Services!, method.DeclaringType!), new McpServerToolCreateOptions
        {
            Services = services,
            SerializerOptions = ToolJson.Options,
            SchemaCreateOptions = ToolSchemas.Options,
            OutputSchema = ToolSchemas.AnswerOrError(attribute.OutputSchemaType!),
            Meta = meta,
        });
        tool.ProtocolTool.InputSchema = ToolSchemas.Closed(tool.ProtocolTool.InputSchema);
        return tool;
    }

    /// <summary>A tool's answer: for programs, and in a few words.</summary>
    internal static CallToolResult Result<T>(T answer, string text) => new() { Content = [new TextContentBlock { Text = text }], StructuredContent = ToolJson.ToElement(answer) };
}
