namespace StockMcp.EndToEnd.Tests;
public class ProbeTests { [Fact] public void It_runs() => 1.Should().Be(1); }
