using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenIddict.EntityFrameworkCore.Models;
using OpenIddict.Server;
using OpenIddict.Validation;
using StockMcp.AuthorizationServer.ConfiguredClients;
using StockMcp.AuthorizationServer.Database;
using StockMcp.AuthorizationServer.Errors;
using StockMcp.AuthorizationServer.Hardening;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.AuthorizationServer;

/// <summary>OpenIddict with the settings that RFC 9700 asks for: the base of the Authority and of the Brokerage's own authorization server.</summary>
public static class AuthorizationServerExtensions
{
    /// <summary>The authorization endpoint's path.</summary>
    public const string AuthorizationEndpoint = "/connect/authorize";

    /// <summary>The token endpoint's path.</summary>
    public const string TokenEndpoint = "/connect/token";

    /// <summary>Adds the server, its database (SQLite in the data folder, or what <c>ConnectionStrings:{databaseName}</c> says), and its keys.</summary>
    /// <param name="builder">The application.</param>
    /// <param name="databaseName">The database file's name without its ending, and the connection string's.</param>
    /// <param name="stylesheet">The stylesheet of the error page.</param>
    /// <param name="configure">Adds flows, scopes and handlers to the server.</param>
    /// <param name="configureCore">Adds to OpenIddict what stands beside the server: its client, its validation.</param>
    public static WebApplicationBuilder AddAuthorizationServer<TContext, TPostgreSql>(
        this WebApplicationBuilder builder, string databaseName, string stylesheet, Action<OpenIddictServerBuilder> configure, Action<OpenIddictBuilder>? configureCore = null)
        where TContext : AuthorizationServerDbContext
        where TPostgreSql : TContext
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        var services = builder.Services;
        var publicUrl = PublicUrl.From(builder.Configuration, builder.Environment);

        builder.AddDatabase<TContext, TPostgreSql>(databaseName);
        builder.AddKeysInDatabase<TContext>();
        services.AddScoped<AuthorizationServerDbContext>(provider => provider.GetRequiredService<TContext>());

        services.AddSingleton<SigningKeys>();
        services.AddSingleton<IConfigureOptions<OpenIddictServerOptions>>(provider => provider.GetRequiredService<SigningKeys>());
        services.AddSingleton<IOptionsChangeTokenSource<OpenIddictServerOptions>>(provider => provider.GetRequiredService<SigningKeys>());
        services.AddSingleton<IOptionsChangeTokenSource<OpenIddictValidationOptions>>(provider => provider.GetRequiredService<SigningKeys>());
        services.AddOptions<SigningKeyOptions>().BindConfiguration(SigningKeyOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<KeyRotation>();
        services.AddHostedService(provider => provider.GetRequiredService<KeyRotation>());
        services.AddSingleton<RememberedSecrets>();
        services.AddScoped<NewTokens>();
        services.AddSingleton(new ErrorPage.Style(stylesheet));
        services.AddRazorComponents();

        var openIddict = services.AddOpenIddict()
            .AddCore(core =>
            {
                core.UseEntityFrameworkCore().UseDbContext<TContext>();
                core.ReplaceTokenStore<OpenIddictEntityFrameworkCoreToken, TokenStore>();
                core.ReplaceApplicationManager<OpenIddictEntityFrameworkCoreApplication, RememberingClients>();
            })
            .AddServer(server =>
            {
                server.SetIssuer(publicUrl.Value)
                    .SetConfigurationEndpointUris(".well-known/openid-configuration", ".well-known/oauth-authorization-server")
                    .SetJsonWebKeySetEndpointUris("connect/jwks")
                    .SetAuthorizationEndpointUris(AuthorizationEndpoint[1..])
                    .SetTokenEndpointUris(TokenEndpoint[1..])
                    .SetRevocationEndpointUris("connect/revoke")
                    .SetIntrospectionEndpointUris("connect/introspect")
                    .SetPushedAuthorizationEndpointUris("connect/par");

                // AS-01, AS-02: the code flow alone, always with PKCE, and S256 only.
                server.AllowAuthorizationCodeFlow().AllowRefreshTokenFlow().RequireProofKeyForCodeExchange();
                server.Configure(options =>
                {
                    options.CodeChallengeMethods.Remove(CodeChallengeMethods.Plain);
                    options.ResponseModes.Remove(ResponseModes.Fragment);
                    options.RequestTokenLifetime = TimeSpan.FromMinutes(10); // RFC 9126: for as long as a person needs to sign in
                    options.ResponseModes.Remove(ResponseModes.FormPost); // its page sends itself by an inline script, which no page of ours may have
                });

                // AS-04, AS-11, AS-12. A refresh token is opaque and stored as a hash; reuse revokes all that came from its authorization.
                server.SetAuthorizationCodeLifetime(TimeSpan.FromSeconds(60))
                    .SetAccessTokenLifetime(TimeSpan.FromMinutes(10))
                    .SetIdentityTokenLifetime(TimeSpan.FromMinutes(10))
                    .SetRefreshTokenLifetime(TimeSpan.FromDays(30))
                    .DisableSlidingRefreshTokenExpiration()
                    .SetRefreshTokenReuseLeeway(null)
                    .UseReferenceRefreshTokens()
                    .DisableAccessTokenEncryption();
                server.UseNarrowedRefresh();
                server.UseSingleUse();
                server.AddEventHandler(SigningKeys.Choose.Descriptor);
                server.UseClientAssertions();

                var host = server.UseAspNetCore()
                    .EnableAuthorizationEndpointPassthrough()
                    .EnableTokenEndpointPassthrough()
                    .EnableStatusCodePagesIntegration();
                // Plain http is allowed on loopback only, which PublicUrl has made sure of; behind a proxy, TLS ends before us.
                host.DisableTransportSecurityRequirement();
                configure(server);
            });
        configureCore?.Invoke(openIddict);
        return builder;
    }

    /// <summary>Brings the database up to date and reads the keys, then adds the middleware. Call it after <c>UseSecurityHeaders</c> and before authentication.</summary>
    /// <param name="app">The application.</param>
    /// <param name="refuses">Exceptions that are answered like a database outage.</param>
    /// <exception cref="StartupException">The database or the keys cannot be opened.</exception>
    public static void UseAuthorizationServer<TContext>(this WebApplication app, Func<Exception, bool>? refuses = null) where TContext : AuthorizationServerDbContext
    {
        ArgumentNullException.ThrowIfNull(app);
        app.MigrateDatabase<TContext>();
        app.Services.GetRequiredService<KeyRotation>().RunAsync(CancellationToken.None).GetAwaiter().GetResult();
        app.UsePublicUrl();
        app.UseDatabaseOutage(refuses);
        app.UseSeeOther();
        app.UseErrorPages();
        app.UseSingleParameters();
    }
}
