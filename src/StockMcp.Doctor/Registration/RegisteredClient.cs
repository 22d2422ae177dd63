using System.Net.Http.Headers;
using System.Text;
using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.Registration;

/// <summary>A client as the authorization server knows it.</summary>
/// <param name="ClientId">Its identifier.</param>
/// <param name="ClientSecret">Its secret, if it has one.</param>
/// <param name="AuthMethod">How it says who it is at the token endpoint.</param>
internal sealed record RegisteredClient(string ClientId, Secret? ClientSecret, string AuthMethod)
{
    /// <summary>Where its registration can be taken back (RFC 7592).</summary>
    public Uri? ManagementUrl { get; init; }

    /// <summary>What that takes.</summary>
    public Secret? ManagementToken { get; init; }

    /// <summary>Adds what says who it is to a request to the token endpoint (RFC 6749, section 2.3.1).</summary>
    public AuthenticationHeaderValue? Authenticate(ICollection<KeyValuePair<string, string>> form)
    {
        if (AuthMethod == "client_secret_basic" && ClientSecret is not null)
            return new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(ClientId)}:{Uri.EscapeDataString(ClientSecret.Value)}")));
        form.Add(new("client_id", ClientId));
        if (AuthMethod == "client_secret_post" && ClientSecret is not null) form.Add(new("client_secret", ClientSecret.Value));
        return null;
    }

    /// <summary>Takes the registration back, where the server lets it.</summary>
    /// <returns>Whether it is gone.</returns>
    public async Task<bool> DeleteAsync(DoctorHttp http, CancellationToken cancellationToken)
    {
        if (ManagementUrl is null || ManagementToken is null) return false;
        var request = new HttpRequestMessage(HttpMethod.Delete, ManagementUrl) { Headers = { Authorization = new("Bearer", ManagementToken.Value) } };
        return (await http.SendAsync(request, cancellationToken)).Status is 200 or 204;
    }
}
