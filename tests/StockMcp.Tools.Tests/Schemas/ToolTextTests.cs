using CsCheck;
using StockMcp.Tools.Errors;
using StockMcp.Tools.Schemas;
using StockMcp.Tools.Scopes;

namespace StockMcp.Tools.Tests.Schemas;

public sealed class ToolTextTests
{
    [Fact, Trait("Requirement", "RS-13")]
    public void Foreign_text_stays_on_one_line_and_cannot_hide()
    {
        ForeignText.Clean("Wayne\r\n\u001b[31mEnterprises\u202e\u2066\u0007 ").Should().Be("Wayne[31mEnterprises");
        ForeignText.Clean(new string('x', 1000), 40).Length.Should().Be(40);
        ForeignText.Clean(null).Should().BeEmpty();
        ForeignText.Clean("Société Générale 株式会社").Should().Be("Société Générale 株式会社");
    }

    [Fact]
    public void A_figure_is_written_plainly_and_exactly() => Gen.Decimal.Sample(figure =>
    {
        var text = ToolJson.Figure(figure);
        text.Should().MatchRegex(@"^-?[0-9]+(\.[0-9]+)?$");
        decimal.Parse(text).Should().Be(figure);
    });

    [Fact]
    public void A_time_is_utc() => ToolJson.Time(new DateTimeOffset(2026, 11, 24, 11, 0, 0, TimeSpan.FromHours(-5))).Should().Be("2026-11-24T16:00:00Z");

    [Fact]
    public void A_failure_says_whether_a_retry_helps_and_that_no_money_has_moved()
    {
        var result = ToolError.From(TradingException.Unavailable("the brokerage")).ToResult();
        result.IsError.Should().BeTrue();
        result.StructuredContent!.Value.GetRawText().Should().Contain("\"retry\":true").And.Contain("\"money_may_have_moved\":false").And.Contain("\"code\":\"upstream_unavailable\"");
        ToolJson.NameOf(ErrorCode.UpstreamAnswerInvalid).Should().Be("upstream_answer_invalid");
    }

    [Fact]
    public void Every_scope_that_a_tool_asks_for_is_published()
        => StockToolsExtensions.Methods.SelectMany(method => method.RequiredScopes()).Distinct().Should().BeSubsetOf(StockScopes.All);
}
