using CsCheck;
using StockMcp.Tools.Errors;
using StockMcp.Tools.Orders;

namespace StockMcp.Tools.Tests.Orders;

public sealed class OrderCursorTests
{
    [Fact]
    public void A_cursor_leads_back_to_its_order_in_its_list() => Gen.Select(Gen.Guid, Gen.String[Gen.Char.AlphaNumeric, 0, 20], Gen.String[Gen.Char.AlphaNumeric, 0, 20]).Sample((id, list, other) =>
    {
        var cursor = OrderCursor.After(id.ToString(), list);
        cursor.Should().MatchRegex("^[A-Za-z0-9_-]{1,64}$");
        OrderCursor.Read(cursor, list).Should().Be(id);
        if (other != list) FluentActions.Invoking(() => OrderCursor.Read(cursor, other)).Should().Throw<TradingException>().Which.Argument.Should().Be("cursor");
    });

    [Fact]
    public void Any_other_text_is_refused_in_words() => Gen.String[0, 64].Sample(text => FluentActions.Invoking(() => OrderCursor.Read(text, "status=all")).Should().Throw<TradingException>().Which.Code.Should().Be(ErrorCode.InvalidArgument));
}
