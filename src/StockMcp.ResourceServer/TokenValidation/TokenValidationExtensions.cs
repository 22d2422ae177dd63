using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using StockMcp.Hosting;
using StockMcp.ResourceServer.ProtectedResource;
using StockMcp.Tools.Connections;

namespace StockMcp.ResourceServer.TokenValidation;

/// <summary>Access tokens of the authorization server (RFC 9068), checked on every request.</summary>
public static partial class TokenValidationExtensions
{
    private static readonly TimeSpan s_skew = TimeSpan.FromSeconds(60);

    /// <summary>Adds the check (RS-01 to RS-04), and <see cref="Caller"/> for what comes after it.</summary>
    public static void AddTokenValidation(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        var production = builder.Environment.IsProduction();
        services.AddOptions<AuthorityOptions>()
            .BindConfiguration(AuthorityOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations()
            .Validate(options => options.Issuer.Length == 0 || (Uri.TryCreate(options.Issuer, UriKind.Absolute, out var url) && url is { Query: "", Fragment: "", UserInfo: "" } and ({ Scheme: "https" } or { Scheme: "http", IsLoopback: true })),
                AuthorityOptions.Section + ":Issuer must be an absolute https URL, or http on loopback.")
            .Validate<PublicUrl>((options, publicUrl) => !production || publicUrl.Value.IsLoopback || !Uri.TryCreate(options.Issuer, UriKind.Absolute, out var url) || !url.IsLoopback,
                AuthorityOptions.Section + ":Issuer is on loopback, where no agent of the public URL finds it. Set it to the issuer of the authorization server, exactly as its discovery document spells it.")
            .ValidateOnStart();
        services.AddHttpClient(AuthorityMetadata.HttpClientName, http =>
        {
            http.Timeout = TimeSpan.FromSeconds(5);
            http.MaxResponseContentBufferSize = 256 * 1024;
        }).ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(3) });
        services.AddSingleton<AuthorityMetadata>();
        services.AddSingleton<RememberedTokens>();
        services.AddHttpContextAccessor();
        services.AddScoped(provider => provider.GetRequiredService<IHttpContextAccessor>().HttpContext?.Features.Get<Caller>() ?? throw new InvalidOperationException("There is no caller outside a request with a valid token."));
        services.AddScoped(provider => provider.GetRequiredService<IHttpContextAccessor>().HttpContext?.Features.Get<SubjectToken>() ?? throw new InvalidOperationException("There is no token outside a request with a valid one."));

        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme).Configure<AuthorityMetadata, RememberedTokens, ProtectedResource.McpResource, IOptions<AuthorityOptions>, TimeProvider>(Configure);
        services.AddAuthorization();
    }

    /// <summary>Lets nobody past without a valid token, whatever the method: the endpoint's own rule would come too late for a method that it does not serve.</summary>
    public static void UseTokenValidation(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (context.Features.Get<Caller>() is null) await context.ChallengeAsync();
        else await next(context);
    });

    /// <summary>Whether the token could not be checked, rather than being wrong.</summary>
    internal static bool CannotTell(HttpContext context) => context.Features.Get<KeysUnknown>() is not null;

    private static void Configure(JwtBearerOptions options, AuthorityMetadata authority, RememberedTokens remembered, ProtectedResource.McpResource resource, IOptions<AuthorityOptions> settings, TimeProvider time)
    {
        var (issuer, types, audience) = (settings.Value.Issuer, TokenForm.Types(settings.Value), settings.Value.Audience is { Length: > 0 } named ? named : resource.Uri);
        var further = settings.Value.FurtherAudiences.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        options.MapInboundClaims = false;
        options.SaveToken = false;
        options.TokenValidationParameters = new TokenValidationParameters
        {
            ValidAlgorithms = TokenForm.Algorithms,
            ValidTypes = types,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            ValidateIssuerSigningKey = true,
            TryAllIssuerSigningKeys = false,
            IssuerSigningKeyResolver = (_, _, keyId, _) => authority.KeysFor(keyId),
            IssuerValidator = (given, _, _) => given == issuer ? given : throw new SecurityTokenInvalidIssuerException("issuer"),
            // A token that is good elsewhere, too, could be sent here by whoever got it there.
            AudienceValidator = (audiences, _, _) => audiences.ToList() is var all && all.Contains(audience) && all.All(one => one == audience || further.Contains(one)),
            LifetimeValidator = (notBefore, expires, _, _) => time.GetUtcNow().UtcDateTime is var now && expires is { } end && now < end + s_skew && (notBefore is not { } start || now >= start - s_skew),
        };
        options.Events = new JwtBearerEvents
        {
            OnMessageReceived = context => ReceiveAsync(context, authority, remembered, types),
            OnTokenValidated = context =>
            {
                if (CallerClaims.TryRead(context.Principal!, issuer, types.Contains(TokenForm.AnyJwt), out var caller))
                {
                    context.HttpContext.Features.Set(caller);
                    // Under the keys that were known before its signature was checked: should they have changed meanwhile, it is checked again.
                    remembered.Add(context.HttpContext.Features.GetRequiredFeature<SubjectToken>().Value, new(context.Principal!, caller, context.HttpContext.Features.GetRequiredFeature<CheckedUnder>().Keys, new DateTimeOffset(context.SecurityToken.ValidTo, TimeSpan.Zero) + s_skew));
                }
                else context.Fail("sub, jti, and client_id or azp, are needed once each");
                return Task.CompletedTask;
            },
            OnAuthenticationFailed = context =>
            {
                Refused(context.HttpContext, context.Exception.GetType().Name);
                return Task.CompletedTask;
            },
            OnChallenge = context =>
            {
                context.HandleResponse();
                var challenges = context.HttpContext.RequestServices.GetRequiredService<Challenges>();
                if (context.HttpContext.Features.Get<KeysUnknown>() is not null) return Challenges.CannotTellAsync(context.HttpContext);
                return context.AuthenticateFailure is null ? challenges.NoTokenAsync(context.HttpContext) : challenges.BadTokenAsync(context.HttpContext);
            },
        };
    }

    private static async Task ReceiveAsync(MessageReceivedContext context, AuthorityMetadata authority, RememberedTokens remembered, IReadOnlyList<string> types)
    {
        const string Scheme = "Bearer ";
        var header = context.Request.Headers.Authorization;
        if (header.Count == 0 || !header.ToString().StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || header.ToString()[Scheme.Length..].Trim() is not { Length: > 0 } token)
        {
            context.NoResult();
            return;
        }
        if (await authority.PrepareAsync(null, context.HttpContext.RequestAborted) && remembered.Find(token) is { } known)
        {
            context.HttpContext.Features.Set(new SubjectToken(token));
            context.HttpContext.Features.Set(known.Caller);
            context.Principal = known.Principal;
            context.Success();
            return;
        }
        if (TokenForm.Refuse(token, types, out var keyId) is { } reason)
        {
            Refused(context.HttpContext, reason);
            context.Fail(reason);
            return;
        }
        if (!await authority.PrepareAsync(keyId, context.HttpContext.RequestAborted))
        {
            context.HttpContext.Features.Set(new KeysUnknown());
            context.Fail("keys unknown");
            return;
        }
        context.HttpContext.Features.Set(new SubjectToken(token));
        context.HttpContext.Features.Set(new CheckedUnder(authority.KeySet!));
        context.Token = token;
    }

    private static void Refused(HttpContext context, string reason)
    {
        var logger = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(TokenValidationExtensions).Namespace!);
        LogRefused(logger, reason);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "A token was refused: {Reason}")]
    private static partial void LogRefused(ILogger logger, string reason);

    private sealed record KeysUnknown;

    private sealed record CheckedUnder(string Keys);
}
