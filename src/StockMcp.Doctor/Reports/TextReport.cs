using Spectre.Console;

namespace StockMcp.Doctor.Reports;

/// <summary>The report as a person reads it: the table, then the first failure in full, then the others.</summary>
internal static class TextReport
{
    private const int Widest = 160;

    public static void Write(Report report, TextWriter output, bool plain)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = InteractionSupport.No,
        });
        if (plain) console.Profile.Width = Widest;
        foreach (var step in report.Findings.GroupBy(finding => finding.Step))
        {
            console.MarkupLineInterpolated($"[bold]{step.Key}[/]");
            var grid = new Grid().AddColumn(new GridColumn().NoWrap().Padding(2, 0, 2, 0)).AddColumn(new GridColumn().NoWrap().Padding(0, 0, 2, 0)).AddColumn();
            foreach (var finding in step) grid.AddRow(Mark(finding.Verdict.Status), Markup.Escape(finding.Check.Id), $"{Markup.Escape(finding.Check.Title)}. [dim]{Markup.Escape(finding.Verdict.What)}[/]");
            console.Write(grid);
        }
        console.WriteLine();
        if (report.First is { } first)
        {
            console.MarkupLineInterpolated($"[bold red]The first step that fails: {first.Check.Id}[/]");
            Explain(console, first);
        }
        foreach (var finding in report.Findings.Where(finding => finding != report.First && finding.Verdict.Status is (Status.Fail or Status.Warn)).OrderByDescending(finding => finding.Verdict.Status))
        {
            console.MarkupLineInterpolated($"[bold]{(finding.Verdict.Status == Status.Fail ? "Also fails" : "Could be better")}: {finding.Check.Id}[/]");
            Explain(console, finding);
        }
        if (report.First is null) console.MarkupLine("[bold green]Nothing fails.[/]");
        console.MarkupLineInterpolated($"{report.Count(Status.Pass)} passed, {report.Count(Status.Warn)} could be better, {report.Count(Status.Fail)} failed, {report.Count(Status.Skip)} not looked at.");
        console.MarkupLineInterpolated($"How far this went: {report.Reach}");
    }

    private static void Explain(IAnsiConsole console, Finding finding)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().Padding(2, 0, 2, 0)).AddColumn();
        grid.AddRow("what", Markup.Escape(finding.Verdict.What));
        grid.AddRow("breaks", Markup.Escape(finding.Breaks));
        if (finding.Verdict.Fix is { } fix) grid.AddRow("fix", Markup.Escape(fix));
        grid.AddRow("see", Markup.Escape($"{finding.Check.Reference}; {Report.Documentation}#{finding.Check.Id}"));
        console.Write(grid);
        console.WriteLine();
    }

    private static string Mark(Status status) => status switch
    {
        Status.Pass => "[green]ok[/]",
        Status.Warn => "[yellow]warn[/]",
        Status.Fail => "[red]FAIL[/]",
        _ => "[dim]-[/]",
    };
}
