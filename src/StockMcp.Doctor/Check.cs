namespace StockMcp.Doctor;

/// <summary>How a check ended.</summary>
internal enum Status
{
    /// <summary>As it should be.</summary>
    Pass,

    /// <summary>Works with most clients, and some trip over it.</summary>
    Warn,

    /// <summary>Breaks clients, or is a hole.</summary>
    Fail,

    /// <summary>Could not be looked at; the text says what it would take.</summary>
    Skip,
}

/// <summary>What a check found.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="What">What was seen.</param>
/// <param name="Fix">What the operator of the server changes.</param>
internal sealed record Verdict(Status Status, string What, string? Fix = null)
{
    /// <summary>Whom it breaks, where that differs from what the check says.</summary>
    public string? Breaks { get; init; }

    public static Verdict Passed(string what) => new(Status.Pass, what);

    public static Verdict Warned(string what, string fix) => new(Status.Warn, what, fix);

    public static Verdict Failed(string what, string fix) => new(Status.Fail, what, fix);

    public static Verdict Skipped(string why) => new(Status.Skip, why);
}

/// <summary>One thing that is looked at.</summary>
/// <param name="id">Stays the same for ever: scripts and the documentation name it.</param>
/// <param name="title">What should hold, as a sentence.</param>
/// <param name="reference">Where that is written.</param>
/// <param name="breaks">Who trips over it, and how.</param>
internal abstract class Check(string id, string title, string reference, string breaks)
{
    public string Id => id;

    public string Title => title;

    public string Reference => reference;

    public string Breaks => breaks;

    public abstract Task<Verdict> RunAsync(Examination it);
}

/// <summary>Checks that belong together.</summary>
internal sealed record Step(string Title, IReadOnlyList<Check> Checks);
