namespace StockMcp.Tools.OrderCard;

/// <summary>Clients that show MCP Apps show this tool's answer as the order card (SEP-1865).</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OrderCardAttribute : Attribute;
