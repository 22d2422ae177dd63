using CsCheck;
using StockMcp.Brokerage.Market;

namespace StockMcp.Brokerage.Tests.Market;

public class PriceWalkTests
{
    private static readonly Gen<(PriceWalk Walk, long First, int Length)> s_spans = Gen.Select(
        Gen.Int[0, int.MaxValue], Gen.OneOfConst([.. Stock.All]), Gen.Long[1_577_836_800, 2_524_608_000], Gen.OneOf(Gen.Int[0, 40], Gen.Int[0, 4000]),
        (seed, stock, first, length) => (new PriceWalk(seed, stock), first, length));

    [Fact]
    public void The_range_of_a_span_is_that_of_its_seconds() => s_spans.Sample(span =>
    {
        var prices = Prices(span);
        span.Walk.Range(span.First, span.First + span.Length).Should().Be((prices.Min(), prices.Max()));
    }, iter: 150, threads: 1);

    [Fact]
    public void The_first_second_of_a_price_is_found_as_a_look_at_each_second_finds_it()
        => Gen.Select(s_spans, Gen.Bool, Gen.Int[-120, 120], Gen.Double[0, 1]).Sample((span, falling, cents, part) =>
        {
            var prices = Prices(span);
            // A threshold that matters: near a price that the span has.
            var threshold = prices[(int)(part * span.Length)] + cents / 100m;
            bool Meets(decimal price) => falling ? price <= threshold : price >= threshold;
            var naive = prices.FindIndex(Meets);
            span.Walk.FirstWhere(span.First, span.First + span.Length, falling, Meets).Should().Be(naive < 0 ? null : span.First + naive);
        }, iter: 300, threads: 1);

    [Fact]
    public void Across_the_border_of_two_years_it_is_found_alike()
    {
        var walk = new PriceWalk(1939, Stock.All[0]);
        var border = 54L << 25;
        var prices = Enumerable.Range(-1500, 3000).Select(offset => walk.PriceAt(border + offset)).ToList();
        walk.Range(border - 1500, border + 1499).Should().Be((prices.Min(), prices.Max()));
        for (var i = 0; i < prices.Count; i += 97)
        {
            var price = prices[i];
            walk.FirstWhere(border - 1500, border + 1499, falling: true, found => found <= price).Should().Be(border - 1500 + prices.FindIndex(found => found <= price));
        }
    }

    [Fact]
    public void A_price_is_the_same_for_the_same_seed_and_another_for_another()
    {
        var wayne = Stock.All.Single(stock => stock.Symbol == "WAYNE");
        new PriceWalk(1939, wayne).PriceAt(1_795_536_000).Should().Be(new PriceWalk(1939, wayne).PriceAt(1_795_536_000)).And.NotBe(new PriceWalk(1940, wayne).PriceAt(1_795_536_000));
    }

    [Fact]
    public void An_empty_span_has_no_first_second()
        => new PriceWalk(1, Stock.All[0]).FirstWhere(10, 9, falling: true, _ => true).Should().BeNull();

    private static List<decimal> Prices((PriceWalk Walk, long First, int Length) span)
        => [.. Enumerable.Range(0, span.Length + 1).Select(offset => span.Walk.PriceAt(span.First + offset))];
}
