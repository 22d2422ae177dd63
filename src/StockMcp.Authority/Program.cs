namespace StockMcp.Authority;

/// <summary>The Authority.</summary>
public static class Program
{
    /// <summary>Runs it.</summary>
    public static void Main() { }
}
