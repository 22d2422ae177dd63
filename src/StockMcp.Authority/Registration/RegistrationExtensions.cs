using System.Text.Json;

namespace StockMcp.Authority.Registration;

/// <summary>Dynamic client registration (RFC 7591): MCP clients connect without anybody configuring them.</summary>
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
        builder.Services.AddScoped<ClientRegistration>();
    }

    /// <summary><c>POST /connect/register</c>.</summary>
    public static void MapClientRegistration(this IEndpointRouteBuilder routes) => routes.MapPost(Endpoint, RegisterAsync).DisableAntiforgery();

    private static async Task<IResult> RegisterAsync(HttpContext context, ClientRegistration registration, CancellationToken cancellationToken)
    {
        if (!context.Request.HasJsonContentType()) return Refused(ClientMetadataRules.InvalidClientMetadata, "Send the metadata as application/json.");
        if (context.Request.ContentLength > LargestDocument) return Refused(ClientMetadataRules.InvalidClientMetadata, $"The metadata must have at most {LargestDocument} bytes.");
        try
        {
            var body = new byte[LargestDocument + 1];
            var length = await context.Request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken);
            if (length > LargestDocument) return Refused(ClientMetadataRules.InvalidClientMetadata, $"The metadata must have at most {LargestDocument} bytes.");
            var metadata = JsonSerializer.Deserialize<ClientMetadata>(body.AsSpan(0, length), s_strict);
            if (metadata is null) return Refused(ClientMetadataRules.InvalidClientMetadata, "The metadata must be a JSON object.");
            return Results.Json(await registration.RegisterAsync(metadata, cancellationToken), statusCode: StatusCodes.Status201Created);
        }
        catch (JsonException exception)
        {
            return Refused(ClientMetadataRules.InvalidClientMetadata, $"The metadata is not as RFC 7591 has it, at {exception.Path ?? "its beginning"}: a JSON object that names each member once, with texts and lists of texts.");
        }
        catch (RegistrationException exception)
        {
            return Refused(exception.Error, exception.Message);
        }
    }

    private static IResult Refused(string error, string description) => Results.Json(new { error, error_description = description }, statusCode: StatusCodes.Status400BadRequest);
}
