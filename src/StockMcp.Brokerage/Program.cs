namespace StockMcp.Brokerage;

/// <summary>The Brokerage.</summary>
public static class Program
{
    /// <summary>Runs it.</summary>
    public static void Main() { }
}
