using StockMcp.Testing.Harness;

[assembly: AssemblyFixture(typeof(SharedSystem))]
