using StockMcp.Doctor.Authorization;
using StockMcp.Doctor.Http;

namespace StockMcp.Doctor.Tokens;

/// <summary>What a token endpoint answered.</summary>
internal sealed record TokenAnswer(Answer Answer)
{
    public Secret? AccessToken => Answer.Status == 200 && Answer.Json.Text("access_token") is { Length: > 0 } token ? new Secret(token) : null;

    public Secret? RefreshToken => Answer.Status == 200 && Answer.Json.Text("refresh_token") is { Length: > 0 } token ? new Secret(token) : null;

    public static Task<TokenAnswer> RedeemAsync(DoctorHttp http, Uri endpoint, AuthorizationRequest request, Secret code, CancellationToken cancellationToken) => AskAsync(http, endpoint, request,
    [
        new("grant_type", "authorization_code"), new("code", code.Value), new("redirect_uri", request.RedirectUri.AbsoluteUri), new("code_verifier", request.Verifier.Value), new("resource", request.Resource),
    ], cancellationToken);

    public static Task<TokenAnswer> RefreshAsync(DoctorHttp http, Uri endpoint, AuthorizationRequest request, Secret refreshToken, CancellationToken cancellationToken) => AskAsync(http, endpoint, request,
    [
        new("grant_type", "refresh_token"), new("refresh_token", refreshToken.Value), new("resource", request.Resource),
    ], cancellationToken);

    private static async Task<TokenAnswer> AskAsync(DoctorHttp http, Uri endpoint, AuthorizationRequest request, List<KeyValuePair<string, string>> form, CancellationToken cancellationToken)
    {
        var authorization = request.Client.Authenticate(form);
        return new(await http.PostFormAsync(endpoint, form, cancellationToken, authorization));
    }
}
