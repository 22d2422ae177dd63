using StockMcp.Agent.Tests.Fixture;

[assembly: AssemblyFixture(typeof(SharedAgent))]
