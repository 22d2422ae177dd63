namespace StockMcp.AppHost;

/// <summary>The AppHost.</summary>
public static class Program
{
    /// <summary>Runs it.</summary>
    public static void Main() { }
}
