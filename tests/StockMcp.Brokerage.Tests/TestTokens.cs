using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using OpenIddict.Validation;

namespace StockMcp.Brokerage.Tests;

/// <summary>Access tokens as the Brokerage signs them, without its sign-in: everything about them is checked but the row that the sign-in would have stored.</summary>
internal static class TestTokens
{
    public static void WithoutTokenRows(WebApplicationBuilder builder) => builder.Services.PostConfigure<OpenIddictValidationOptions>(options =>
    {
        options.EnableAuthorizationEntryValidation = false;
        options.EnableTokenEntryValidation = false;
    });

    public static string TokenFor(this TestBrokerage brokerage, Guid user, string scope, string audience = "http://localhost:7003/v2", Dictionary<string, object>? claims = null)
    {
        var now = brokerage.Clock.GetUtcNow().UtcDateTime;
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = "at+jwt",
            Issuer = "http://localhost:7003/",
            Audience = audience,
            IssuedAt = now,
            Expires = now.AddMinutes(10),
            Claims = new Dictionary<string, object>(claims ?? []) { ["sub"] = user.ToString(), ["client_id"] = "some-app", ["scope"] = scope, ["jti"] = Guid.CreateVersion7().ToString() },
            SigningCredentials = brokerage.Services.GetRequiredService<IOptionsMonitor<OpenIddictServerOptions>>().CurrentValue.SigningCredentials[0],
        });
    }

    public static HttpClient Client(this TestBrokerage brokerage, string? token = null)
    {
        var client = new HttpClient { BaseAddress = brokerage.Address };
        client.DefaultRequestHeaders.Host = "localhost:7003";
        if (token is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }
}
