using System.Globalization;
using System.Text;

namespace StockMcp.Bench.Growth;

/// <summary>How long a request took when there was so much of what grows.</summary>
internal sealed record Point(int Size, double Milliseconds);

/// <summary>A request, over all sizes.</summary>
internal sealed record Line(string Name, List<Point> Points);

/// <summary>What grows, and the requests that might feel it.</summary>
internal sealed record Panel(string Title, IReadOnlyList<Line> Lines);

/// <summary>Draws panels side by side, as SVG that follows the reader's light or dark.</summary>
internal static class GrowthChart
{
    private const int Width = 420;
    private const int Height = 280;
    private const int Left = 62;
    private const int Right = 20;
    private const int Top = 72;
    private const int Bottom = 40;

    public static string Draw(IReadOnlyList<Panel> panels)
    {
        var rows = (panels.Count + 1) / 2;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $$"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{2 * Width}} {{rows * Height}}" role="img" font-family="system-ui, sans-serif" font-size="13">
            <title>What a request costs as what the Authority keeps grows</title>
            <style>
              .paper { fill: #fff; } text { fill: #1c2330; } .quiet { fill: #59627a; } .grid { stroke: #dfe3ec; } path, circle { stroke-width: 2; } path { fill: none; }
              .one { stroke: #1d4ed8; } .two { stroke: #b45309; } circle.one { fill: #1d4ed8; } circle.two { fill: #b45309; } .two { stroke-dasharray: 6 3; } circle.two { stroke-dasharray: none; }
              @media (prefers-color-scheme: dark) { .paper { fill: #12161f; } text { fill: #e8ebf2; } .quiet { fill: #a3adc2; } .grid { stroke: #2b3342; } .one { stroke: #7aa7ff; } .two { stroke: #f0a94b; } circle.one { fill: #7aa7ff; } circle.two { fill: #f0a94b; } }
            </style>
            <rect class="paper" width="100%" height="100%"/>

            """);
        for (var number = 0; number < panels.Count; number++)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<g transform=\"translate({number % 2 * Width} {number / 2 * Height})\">\n");
            Draw(svg, panels[number]);
            svg.Append("</g>\n");
        }
        return svg.Append("</svg>\n").ToString();
    }

    private static void Draw(StringBuilder svg, Panel panel)
    {
        var sizes = panel.Lines[0].Points.Select(point => point.Size).ToList();
        var most = Ceiling(panel.Lines.Max(line => line.Points.Max(point => point.Milliseconds)));
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left}\" y=\"26\" font-size=\"15\" font-weight=\"600\">{panel.Title}</text>\n");
        for (var step = 0; step <= 4; step++)
        {
            var (value, y) = (most * step / 4, Y(most * step / 4));
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{y:0.#}\" y2=\"{y:0.#}\"/><text class=\"quiet\" x=\"{Left - 6}\" y=\"{y + 4:0.#}\" text-anchor=\"end\">{value:0.##}{(step == 4 ? " ms" : "")}</text>\n");
        }
        foreach (var size in sizes) svg.Append(CultureInfo.InvariantCulture, $"<text class=\"quiet\" x=\"{X(size):0.#}\" y=\"{Height - Bottom + 20}\" text-anchor=\"middle\">{size:#,0}</text>\n");
        for (var number = 0; number < panel.Lines.Count; number++)
        {
            var (line, kind, legend) = (panel.Lines[number], number == 0 ? "one" : "two", Left + (number * 180));
            svg.Append(CultureInfo.InvariantCulture, $"<path class=\"{kind}\" d=\"M{legend} 46h22\"/><text x=\"{legend + 28}\" y=\"50\">{line.Name}</text>\n");
            svg.Append(CultureInfo.InvariantCulture, $"<path class=\"{kind}\" d=\"M{string.Join('L', line.Points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{X(point.Size):0.#} {Y(point.Milliseconds):0.#}")))}\"/>\n");
            foreach (var point in line.Points) svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"{kind}\" cx=\"{X(point.Size):0.#}\" cy=\"{Y(point.Milliseconds):0.#}\" r=\"3\"><title>{line.Name}: {point.Milliseconds:0.0} ms at {point.Size:#,0}</title></circle>\n");
        }

        double X(int size) => Left + 12 + ((Width - Left - Right - 36) * Math.Log10((double)size / sizes[0]) / Math.Max(1, Math.Log10((double)sizes[^1] / sizes[0])));

        double Y(double milliseconds) => Height - Bottom - ((Height - Top - Bottom) * milliseconds / most);
    }

    // Twice as high as the highest: a line that climbs shows, and one that wavers does not look like it.
    private static double Ceiling(double highest)
    {
        var magnitude = Math.Pow(10, Math.Floor(Math.Log10(highest)));
        return new[] { 2, 4, 8, 20 }.First(step => step * magnitude >= highest * 1.5) * magnitude;
    }
}
