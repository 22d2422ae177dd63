using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Client;
using Polly;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Connections;

/// <summary>The OpenID providers that people sign in at, and whose tokens the vault keeps.</summary>
public static class ConnectionExtensions
{
    /// <summary>Where a connection's provider sends the browser back to.</summary>
    public static string CallbackPath(string connection) => "/callback/" + connection;

    /// <summary>Adds the connections of the settings as registrations of OpenIddict's client.</summary>
    /// <exception cref="StartupException">There is none, or one lacks a setting.</exception>
    public static void AddConnections(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var section = builder.Configuration.GetSection(ConnectionOptions.Section);
        var settings = section.Get<Dictionary<string, ConnectionOptions>>(binder => binder.ErrorOnUnknownConfiguration = true) ?? [];
        if (settings.Count == 0) throw new StartupException($"{ConnectionOptions.Section} is empty. Name at least one OpenID provider at which people sign in.");
        foreach (var (name, options) in settings) Check(name, options);
        // PX-02, as it starts to serve: commands need no secret.
        if (builder.Environment.IsProduction() && settings.Keys.FirstOrDefault(name => SecretFile.Setting(section.GetSection(name), nameof(ConnectionOptions.ClientSecret)) is null) is { } open)
        {
            builder.Services.AddOptions<ConnectionOptions>()
                .Validate(_ => false, $"{ConnectionOptions.Section}:{open}:{nameof(ConnectionOptions.ClientSecretFile)} is not set. Set it to the file that holds the Authority's secret there: without one, anybody could use a refresh token that they stole.")
                .ValidateOnStart();
        }
        builder.Services.AddSingleton(new ConnectionTable([.. settings.Select(setting => new Connection(setting.Key, setting.Value))]));

        builder.Services.AddSingleton<IConfigureOptions<OpenIddictClientOptions>, ClientKeys>();
        var https = PublicUrl.From(builder.Configuration, builder.Environment).IsHttps;
        builder.Services.AddOpenIddict().AddClient(client =>
        {
            client.AllowAuthorizationCodeFlow().AllowRefreshTokenFlow();
            client.UseAspNetCore().EnableRedirectionEndpointPassthrough().EnableStatusCodePagesIntegration().DisableTransportSecurityRequirement()
                // AS-09: the answer is good only in the browser that began. It comes as a GET, so that the cookie need not be sent with other sites' posts.
                .Configure(options => options.CookieBuilder = new CookieBuilder
                {
                    Name = (https ? "__Host-" : "") + "stockmcp-authority-sign-in",
                    Path = "/",
                    HttpOnly = true,
                    IsEssential = true,
                    SameSite = SameSiteMode.Lax,
                    SecurePolicy = https ? CookieSecurePolicy.Always : CookieSecurePolicy.SameAsRequest,
                });
            client.AddEventHandler(GrantedScopes.Descriptor);
            client.AddEventHandler(RefusedDetails.Descriptor);
            client.AddEventHandler(EmailScope.Descriptor);
            client.AddEventHandler(UserFields.Descriptor);
            client.UseSystemNetHttp()
                // A refresh whose answer was lost may have rotated the token: sent again, it would look like theft.
                .SetHttpResiliencePipeline(ResiliencePipeline<HttpResponseMessage>.Empty)
                .ConfigureHttpClient(http =>
                {
                    http.Timeout = TimeSpan.FromSeconds(10);
                    http.MaxResponseContentBufferSize = 64 * 1024;
                })
                .ConfigureHttpClientHandler(handler => handler.AllowAutoRedirect = false);
            foreach (var (name, options) in settings)
            {
                client.AddRegistration(new OpenIddictClientRegistration
                {
                    RegistrationId = name,
                    ProviderName = name,
                    ProviderDisplayName = options.DisplayName,
                    Issuer = options.Issuer,
                    ClientId = options.ClientId,
                    ClientSecret = SecretFile.Setting(section.GetSection(name), nameof(ConnectionOptions.ClientSecret)),
                    RedirectUri = new Uri(CallbackPath(name), UriKind.Relative),
                    Configuration = ConfigurationOf(options.OAuth)!,
                    ResponseTypes = { ResponseTypes.Code },
                    ResponseModes = { ResponseModes.Query },
                    GrantTypes = { GrantTypes.AuthorizationCode, GrantTypes.RefreshToken },
                });
            }
        });
    }

    private static OpenIddictConfiguration? ConfigurationOf(OAuthProviderOptions? oauth) => oauth is null ? null : new()
    {
        AuthorizationEndpoint = oauth.AuthorizationEndpoint,
        TokenEndpoint = oauth.TokenEndpoint,
        UserInfoEndpoint = oauth.UserEndpoint,
        GrantTypesSupported = { GrantTypes.AuthorizationCode, GrantTypes.RefreshToken },
        ResponseTypesSupported = { ResponseTypes.Code },
        ResponseModesSupported = { ResponseModes.Query },
        TokenEndpointAuthMethodsSupported = { ClientAuthenticationMethods.ClientSecretPost },
    };

    private static void Check(string name, ConnectionOptions options)
    {
        var mistakes = new List<ValidationResult>();
        Validator.TryValidateObject(options, new ValidationContext(options), mistakes, validateAllProperties: true);
        if (options.OAuth is { } oauth) Validator.TryValidateObject(oauth, new ValidationContext(oauth), mistakes, validateAllProperties: true);
        if (mistakes.Count > 0) throw new StartupException($"{ConnectionOptions.Section}:{name}: {string.Join(" ", mistakes.Select(mistake => mistake.ErrorMessage))}");
        if (options.Issuer is not ({ IsAbsoluteUri: true, Scheme: "https" } or { IsAbsoluteUri: true, Scheme: "http", IsLoopback: true }))
            throw new StartupException($"{ConnectionOptions.Section}:{name}:Issuer is '{options.Issuer}'. Set it to an absolute https URL, or http on loopback: people's passwords and tokens travel there.");
        if (name.Any(character => !char.IsAsciiLetterOrDigit(character) && character != '-'))
            throw new StartupException($"{ConnectionOptions.Section}:{name}: a connection's name is part of URLs. Use letters, digits and hyphens.");
    }

    private sealed class ClientKeys(SigningKeys keys) : IConfigureOptions<OpenIddictClientOptions>
    {
        public void Configure(OpenIddictClientOptions options)
        {
            options.SigningCredentials.Add(keys.Internal);
            options.EncryptionCredentials.Add(keys.Encryption);
        }
    }
}
