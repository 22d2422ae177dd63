using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace StockMcp.Testing.Secrets;

/// <summary>Something that must never be seen again where it does not belong.</summary>
/// <param name="What">The name of the parameter or header that carried it.</param>
/// <param name="Application">Who gave or took it.</param>
/// <param name="Value">The secret.</param>
internal sealed record IssuedSecret(string What, string Application, string Value)
{
    public override string ToString() => $"{What} at {Application} ({Value[..4]}…, {Value.Length} characters)";
}

/// <summary>Every token, code, verifier, client secret, password and session cookie that passed an application in this run.</summary>
internal sealed class IssuedSecrets
{
    // The shortest of ours are passwords; anything below could stand in a page by chance.
    private const int Shortest = 12;

    private static readonly HashSet<string> Names =
    [
        "access_token", "refresh_token", "id_token", "code", "code_verifier", "client_secret", "registration_access_token",
        "subject_token", "actor_token", "token", "client_assertion", "assertion", "auth_req_id", "password",
    ];

    private readonly ConcurrentDictionary<string, IssuedSecret> secrets = new(StringComparer.Ordinal);

    public IReadOnlyList<IssuedSecret> All => [.. secrets.Values];

    public void Add(string what, string application, string? value)
    {
        if (value is { Length: >= Shortest }) secrets.TryAdd(value, new IssuedSecret(what, application, value));
    }

    public void AddAuthorization(string application, AuthenticationHeaderValue? header)
    {
        if (header?.Scheme == "Bearer") Add("bearer token", application, header.Parameter);
        if (header?.Scheme != "Basic" || header.Parameter is null) return;
        var decoded = Encoding.UTF8.GetString(Convert.FromBase64String(header.Parameter)).Split(':', 2);
        if (decoded.Length == 2) Add("client secret", application, Uri.UnescapeDataString(decoded[1]));
    }

    public void AddForm(string application, string form)
    {
        foreach (var (name, value) in QueryHelpers.ParseQuery(form))
        {
            if (Names.Contains(name)) Add(name, application, value.ToString());
        }
    }

    public void AddAnswer(string application, HttpResponse response, string body)
    {
        foreach (var cookie in response.Headers.SetCookie)
        {
            // ASP.NET Core's own cookies all start like this, whatever they are for.
            if (cookie?.Split(';')[0].Split('=', 2) is [var name, var value] && value.StartsWith("CfDJ8", StringComparison.Ordinal)) Add("cookie " + name, application, value);
        }
        if (response.Headers.Location.ToString() is { Length: > 0 } location && location.Contains('?', StringComparison.Ordinal)) AddForm(application, location[(location.IndexOf('?', StringComparison.Ordinal) + 1)..]);
        if (response.ContentType?.StartsWith("application/json", StringComparison.Ordinal) == true && body is ['{', ..]) AddJson(application, body);
    }

    private void AddJson(string application, string body)
    {
        using var json = JsonDocument.Parse(body);
        foreach (var property in json.RootElement.EnumerateObject())
        {
            if (Names.Contains(property.Name) && property.Value.ValueKind == JsonValueKind.String) Add(property.Name, application, property.Value.GetString());
        }
    }
}
