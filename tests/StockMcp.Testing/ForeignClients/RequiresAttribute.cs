using System.Reflection;
using Xunit.v3;

namespace StockMcp.Testing.ForeignClients;

/// <summary>Skips the test where a program is missing that it needs, and says how to get it; with STOCKMCP_REQUIRE_ALL=1, as in CI, that is a failure instead.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Method, AllowMultiple = true)]
internal sealed class RequiresAttribute(params Tool[] tools) : BeforeAfterTestAttribute
{
    private static readonly bool All = Environment.GetEnvironmentVariable("STOCKMCP_REQUIRE_ALL") == "1";

    public Tool[] Tools { get; } = tools;

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        foreach (var tool in Tools.Where(tool => !Toolbox.Has(tool)))
        {
            if (All) Assert.Fail($"{tool} is missing. {Toolbox.Cure(tool)}");
            Assert.Skip($"{tool} is missing. {Toolbox.Cure(tool)}");
        }
    }
}
