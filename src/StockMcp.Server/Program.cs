namespace StockMcp.Server;

/// <summary>The Server.</summary>
public static class Program
{
    /// <summary>Runs it.</summary>
    public static void Main() { }
}
