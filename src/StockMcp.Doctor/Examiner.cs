using StockMcp.Doctor.Http;
using StockMcp.Doctor.Reports;

namespace StockMcp.Doctor;

/// <summary>Runs every check, and tidies up.</summary>
internal static class Examiner
{
    /// <summary>Examines a server.</summary>
    /// <param name="options">What the person asked for.</param>
    /// <param name="handler">Sends the requests.</param>
    /// <param name="time">The clock.</param>
    /// <param name="tell">Says something to the person meanwhile.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="UsageException">The URL is none, nothing answers there, or the redirect port is taken.</exception>
    public static async Task<Report> ExamineAsync(DoctorOptions options, HttpMessageHandler handler, TimeProvider time, Action<string> tell, CancellationToken cancellationToken)
    {
        if (!Urls.TryRead(options.Url.Trim(), out var url)) throw new UsageException($"'{Foreign.Text(options.Url)}' is no URL. Give the one that you type into a client, for example https://mcp.example.com/mcp.");
        if (url.UserInfo.Length > 0) throw new UsageException("The URL has a user name in it. Leave it out: MCP servers take tokens.");
        using var http = new DoctorHttp(handler, options.Timeout, time);
        using var it = new Examination(url, options, http, time, tell, cancellationToken);
        if (await it.WithoutTokenAsync() is { Answered: false } silence) throw new UsageException($"{url} cannot be reached: {silence.Problem}.");

        var findings = new List<Finding>();
        try
        {
            foreach (var step in Checks.All)
            {
                foreach (var check in step.Checks) findings.Add(new Finding(step.Title, check, await check.RunAsync(it)));
            }
        }
        finally
        {
            await TidyUpAsync(it);
        }
        return new Report(url, findings, options);
    }

    // What was made for the examination alone: the session, the tokens, the clients.
    private static async Task TidyUpAsync(Examination it)
    {
        if (it.Stop.IsCancellationRequested) return;
        if (await it.SessionAsync() is { } session) await session.EndAsync();
        var newest = (await it.RefreshedAsync())?.RefreshToken ?? (await it.TokenAnswerAsync())?.RefreshToken;
        if (newest is not null && await it.RequestAsync() is { } request && await it.EndpointAsync("revocation_endpoint") is { } endpoint)
        {
            var form = new List<KeyValuePair<string, string>> { new("token", newest.Value), new("token_type_hint", "refresh_token") };
            await it.Http.PostFormAsync(endpoint, form, it.Stop, request.Client.Authenticate(form));
        }
        foreach (var client in it.Registered) await client.DeleteAsync(it.Http, it.Stop);
    }
}

/// <summary>The examination cannot begin, for a reason in one line.</summary>
internal sealed class UsageException(string message) : Exception(message);
