using System.Globalization;

namespace StockMcp.Bench;

/// <summary>How much processor time processes took (proc(5): in hundredths of a second).</summary>
internal static class ProcessTime
{
    /// <summary>Of this process's children that ended.</summary>
    public static TimeSpan OfEndedChildren() => Read("self", own: false, ended: true);

    /// <summary>Of this process alone.</summary>
    public static TimeSpan OfSelf() => Read("self", own: true, ended: false);

    /// <summary>Of a process, its children, and those of them that ended.</summary>
    public static TimeSpan OfFamily(int processId)
    {
        var total = Read(processId.ToString(CultureInfo.InvariantCulture), own: true, ended: true);
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0])))
        {
            try
            {
                if (Fields(Path.GetFileName(folder))[1] == processId.ToString(CultureInfo.InvariantCulture)) total += Read(Path.GetFileName(folder), own: true, ended: false);
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }
        return total;
    }

    private static TimeSpan Read(string process, bool own, bool ended)
    {
        var fields = Fields(process);
        return TimeSpan.FromMilliseconds(10 * ((own ? Number(11) + Number(12) : 0) + (ended ? Number(13) + Number(14) : 0)));

        long Number(int field) => long.Parse(fields[field], CultureInfo.InvariantCulture);
    }

    private static string[] Fields(string process) => File.ReadAllText($"/proc/{process}/stat").Split(") ")[^1].Split(' ');
}
