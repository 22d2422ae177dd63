namespace StockMcp.Doctor.Reports;

/// <summary>What one check found.</summary>
internal sealed record Finding(string Step, Check Check, Verdict Verdict)
{
    public string Breaks => Verdict.Breaks ?? Check.Breaks;
}

/// <summary>What all of them found.</summary>
internal sealed record Report(Uri Url, IReadOnlyList<Finding> Findings, DoctorOptions Options)
{
    public const string Documentation = "docs/doctor.md";

    /// <summary>Where a client would stop first; <see langword="null"/> if nothing fails.</summary>
    public Finding? First => Findings.FirstOrDefault(finding => finding.Verdict.Status == Status.Fail);

    public int ExitCode => First is null ? 0 : 1;

    public int Count(Status status) => Findings.Count(finding => finding.Verdict.Status == status);

    /// <summary>How far the examination could go, and what takes it further.</summary>
    public string Reach
    {
        get
        {
            if (Findings.Any(finding => finding.Check.Id == "mcp-initialize" && finding.Verdict.Status == Status.Pass))
                return Options.Register || Options.Token is not null ? "The whole way: a token was used." : "The whole way, but for what clients register: add --register for that, which writes.";
            if (Options.Login || Options.Token is not null) return "Not the whole way: there was no token that the server takes.";
            return Options.Register || Options.ClientId is not null
                ? "As far as the sign-in, which takes a person: add --login, or give a token with --token or STOCKMCP_TOKEN."
                : "As far as it goes without writing and without a person: add --register to register as known clients do, and --login to sign in (or give a token with --token or STOCKMCP_TOKEN).";
        }
    }
}
