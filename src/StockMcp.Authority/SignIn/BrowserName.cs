namespace StockMcp.Authority.SignIn;

/// <summary>"Firefox on Windows", out of a User-Agent. It decides nothing.</summary>
internal static class BrowserName
{
    // The order matters: Edge and Opera call themselves Chrome too, Chrome calls itself Safari, and Android is a Linux.
    private static readonly (string Sign, string Name)[] s_browsers = [("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    private static readonly (string Sign, string Name)[] s_systems = [("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "Mac"), ("CrOS", "ChromeOS"), ("Linux", "Linux")];

    public static string Of(string userAgent)
    {
        var (browser, system) = (Find(s_browsers, userAgent), Find(s_systems, userAgent));
        return (browser, system) switch
        {
            ({ }, { }) => $"{browser} on {system}",
            _ => browser ?? system ?? "A browser",
        };
    }

    private static string? Find((string Sign, string Name)[] known, string userAgent) => known.FirstOrDefault(one => userAgent.Contains(one.Sign, StringComparison.Ordinal)).Name;
}
