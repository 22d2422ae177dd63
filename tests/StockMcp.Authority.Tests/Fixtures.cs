using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

[assembly: AssemblyFixture(typeof(SharedSystem))]
[assembly: AssemblyFixture(typeof(Browser))]
