using System.Globalization;
using System.Text.Json;
using OpenIddict.Abstractions;

namespace StockMcp.Authority.Registration;

/// <summary>Dynamic client registration (RFC 7591) and its management (RFC 7592): MCP clients connect without anybody configuring them.</summary>
public static class RegistrationExtensions
{
    /// <summary>The registration endpoint's path.</summary>
    public const string Endpoint = "/connect/register";

    private const int LargestDocument = 16 * 1024;
    private static readonly JsonSerializerOptions s_strict = new() { MaxDepth = 8, AllowDuplicateProperties = false };

    /// <summary>Adds registration.</summary>
    public static void AddClientRegistration(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<RegistrationOptions>()
            .BindConfiguration(RegistrationOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true)
            .ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<RegistrationLimit>();
        builder.Services.AddScoped<RegisteredClients>();
        builder.Services.AddScoped<ClientRegistration>();
        builder.Services.AddSingleton<RegistrationSweep>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<RegistrationSweep>());
    }

    /// <summary><c>POST /connect/register</c>, and <c>GET</c>, <c>PUT</c>, <c>DELETE</c> on what it answers as registration_client_uri.</summary>
    public static void MapClientRegistration(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(Endpoint, RegisterAsync).DisableAntiforgery();
        var client = routes.MapGroup(Endpoint + "/{clientId}").DisableAntiforgery();
        client.MapGet("", ReadAsync);
        client.MapPut("", UpdateAsync);
        client.MapDelete("", DeleteAsync);
    }

    private static Task<IResult> RegisterAsync(HttpContext context, ClientRegistration registration, CancellationToken cancellationToken) => WithMetadataAsync(context, async metadata
        => Results.Json(await registration.RegisterAsync(metadata, context.Connection.RemoteIpAddress, cancellationToken), statusCode: StatusCodes.Status201Created));

    private static async Task<IResult> ReadAsync(HttpContext context, string clientId, RegisteredClients registered, ClientRegistration registration, CancellationToken cancellationToken)
        => AccessToken(context) is { } token && await registered.FindAsync(clientId, token, cancellationToken) is { } found ? Results.Json(registration.Read(found.Registration, token)) : Unauthorized(context);

    private static async Task<IResult> UpdateAsync(HttpContext context, string clientId, RegisteredClients registered, ClientRegistration registration, CancellationToken cancellationToken)
    {
        if (AccessToken(context) is not { } token || await registered.FindAsync(clientId, token, cancellationToken) is not { } found) return Unauthorized(context);
        return await WithMetadataAsync(context, async metadata
            => await registration.UpdateAsync(found.Registration, found.Client, metadata, cancellationToken) is { } updated ? Results.Json(updated) : Unauthorized(context));
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string clientId, RegisteredClients registered, CancellationToken cancellationToken)
    {
        if (AccessToken(context) is not { } token || await registered.FindAsync(clientId, token, cancellationToken) is null) return Unauthorized(context);
        await registered.DeleteAsync(clientId, cancellationToken);
        return Results.NoContent();
    }

    private static string? AccessToken(HttpContext context)
    {
        const string Scheme = "Bearer ";
        return context.Request.Headers.Authorization is [{ } header] && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && header[Scheme.Length..].Trim() is { Length: > 0 and <= 128 } token ? token : null;
    }

    // RFC 7592, section 2: an unknown client and a wrong token answer alike.
    private static IResult Unauthorized(HttpContext context)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer error=\"invalid_token\"";
        return Results.Json(new { error = OpenIddictConstants.Errors.InvalidToken, error_description = "The registration access token is not good for this client. Register anew." }, statusCode: StatusCodes.Status401Unauthorized);
    }

    private static async Task<IResult> WithMetadataAsync(HttpContext context, Func<ClientMetadata, Task<IResult>> use)
    {
        if (!context.Request.HasJsonContentType()) return Refused(ClientMetadataRules.InvalidClientMetadata, "Send the metadata as application/json.");
        if (context.Request.ContentLength > LargestDocument) return Refused(ClientMetadataRules.InvalidClientMetadata, $"The metadata must have at most {LargestDocument} bytes.");
        try
        {
            var body = new byte[LargestDocument + 1];
            var length = await context.Request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, context.RequestAborted);
            if (length > LargestDocument) return Refused(ClientMetadataRules.InvalidClientMetadata, $"The metadata must have at most {LargestDocument} bytes.");
            var metadata = JsonSerializer.Deserialize<ClientMetadata>(body.AsSpan(0, length), s_strict);
            return metadata is null ? Refused(ClientMetadataRules.InvalidClientMetadata, "The metadata must be a JSON object.") : await use(metadata);
        }
        catch (JsonException exception)
        {
            return Refused(ClientMetadataRules.InvalidClientMetadata, $"The metadata is not as RFC 7591 has it, at {exception.Path ?? "its beginning"}: a JSON object that names each member once, with texts and lists of texts.");
        }
        catch (RegistrationException exception)
        {
            if (exception.RetryAfter is { } wait) context.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            return Refused(exception.Error, exception.Message, exception.Status);
        }
    }

    private static IResult Refused(string error, string description, int status = StatusCodes.Status400BadRequest) => Results.Json(new { error, error_description = description }, statusCode: status);
}
