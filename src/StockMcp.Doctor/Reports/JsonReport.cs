using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace StockMcp.Doctor.Reports;

/// <summary>The report as a script reads it.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // it goes to a terminal or a file, never into a page
    };

    public static void Write(Report report, TextWriter output) => output.WriteLine(JsonSerializer.Serialize(new
    {
        url = report.Url.AbsoluteUri,
        ok = report.First is null,
        first_failure = report.First?.Check.Id,
        passed = report.Count(Status.Pass),
        warned = report.Count(Status.Warn),
        failed = report.Count(Status.Fail),
        skipped = report.Count(Status.Skip),
        reach = report.Reach,
        checks = report.Findings.Select(finding => new
        {
            id = finding.Check.Id,
            step = finding.Step,
            title = finding.Check.Title,
            status = Word(finding.Verdict.Status),
            what = finding.Verdict.What,
            breaks = finding.Verdict.Status is Status.Fail or Status.Warn ? finding.Breaks : null,
            fix = finding.Verdict.Fix,
            reference = finding.Check.Reference,
        }),
    }, s_options));

    private static string Word(Status status) => status switch { Status.Pass => "pass", Status.Warn => "warn", Status.Fail => "fail", _ => "skip" };
}
