using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.AuthorizationDetails;
using StockMcp.Authority.Database;
using StockMcp.Authority.Mandates;
using StockMcp.Authority.Resources;
using StockMcp.Authority.SignIn;
using StockMcp.AuthorizationServer.RichAuthorization;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Backchannel;

/// <summary>The backchannel authentication endpoint (CIBA Core, section 7). OpenIddict has checked the client, its grant, scopes and resource.</summary>
internal sealed partial class BackchannelEndpoint(
    AuthorityDbContext database, ApprovalStore approvals, AuthorizationDetailsTypes types, ProtectedResources resources, IOpenIddictApplicationManager clients, PublicUrl publicUrl, TimeProvider time, ILogger<BackchannelEndpoint> log)
{
    private const int LongestLifetime = 300;
    private const int LongestBindingMessage = 64;
    private const int LongestContext = 4096;
    private const int LongestRequestId = 64;
    private const int LongestCallId = 128;

    public async Task<IResult> HandleAsync(HttpContext context, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        var request = context.GetOpenIddictServerRequest() ?? throw new InvalidOperationException("Not a request that was checked.");
        var clientId = request.ClientId!;
        // CB-01: OpenIddict lets public clients through.
        if (await clients.FindByClientIdAsync(clientId, cancellationToken) is not { } client || !await clients.HasClientTypeAsync(client, ClientTypes.Confidential, cancellationToken))
            return Refuse(Errors.UnauthorizedClient, "Only confidential clients may ask for approvals.");
        if (request.Request is not null) return Refuse(Errors.InvalidRequest, "Signed requests (the parameter request) are not supported.");

        if (request.GetResources() is not [var uri] || resources.All.FirstOrDefault(resource => resource.Uri == uri && resource.ClientId == clientId) is not { } resource)
            return Refuse(Errors.InvalidTarget, "The parameter resource must name this client's own resource.");
        string[] scopes = [.. request.GetScopes().Where(scope => scope != Scopes.OpenId)];
        if (scopes.Length == 0 || scopes.Any(scope => resource.Scopes.All(known => known.Name != scope)))
            return Refuse(Errors.InvalidScope, $"The parameter scope must name scopes of {resource.Uri}.");
        if (new[] { request.LoginHint, request.IdTokenHint, (string?)request["login_hint_token"] }.Count(hint => hint is not null) != 1 || request.LoginHint is not { } hint)
            return Refuse(Errors.InvalidRequest, "Exactly one hint must say who is asked, and it must be login_hint: the person's sub.");
        if (!TryReadLifetime(request, out var lifetime)) return Refuse(Errors.InvalidRequest, $"requested_expiry must be a positive number of seconds; more than {LongestLifetime} count as {LongestLifetime}.");
        if (!TryReadContext(request, out var shown)) return Refuse(Errors.InvalidRequest, $"request_context must be a JSON object of at most {LongestContext} characters.");
        if ((string?)request["binding_message"] is not { Length: > 0 and <= LongestBindingMessage } message || VisibleText.Of(message) != message)
            return Refuse(BackchannelErrors.InvalidBindingMessage, $"binding_message is required: what the person sees at both ends, 1 to {LongestBindingMessage} printable characters, for example a short code.");
        var requestId = (string?)request["request_id"];
        if (requestId is not null && (requestId.Length is < 8 or > LongestRequestId || !requestId.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_')))
            return Refuse(Errors.InvalidRequest, $"request_id must be 8 to {LongestRequestId} letters, digits, hyphens or underscores, for example a UUID.");
        if (types.Read((string?)request[AuthorizationDetailsClaims.AuthorizationDetails], out var mistake) is not { } details)
            return Refuse(AuthorizationDetailsClaims.InvalidAuthorizationDetails, mistake!);

        // A mandate is granted on pages of ours, by who reads its bounds there: never by a tap on a request of the moment.
        if (details.Type.Name == MandateTerms.Type) return Refuse(AuthorizationDetailsClaims.InvalidAuthorizationDetails, $"{MandateTerms.Type} is not asked for here: the agent asks for it with a pushed authorization request, or the person grants it on their account page.");
        var callId = (string?)request["call_id"];
        if (callId is { Length: 0 or > LongestCallId }) return Refuse(Errors.InvalidRequest, $"call_id must have 1 to {LongestCallId} characters.");

        // One answer whoever is missing: it must not tell who is a customer.
        var agent = (string?)request["requested_actor"] ?? clientId;
        if (FindPersonId(hint) is not { } personId || !await database.Set<Person>().AnyAsync(person => person.Id == personId, cancellationToken) || !await approvals.MayAskAsync(personId, agent, resource.Uri, scopes, cancellationToken))
            return Refuse(BackchannelErrors.UnknownUserId, "There is no such person, or they did not allow this agent to ask.");

        switch (await approvals.AskAsync(new ApprovalRequest(personId, clientId, agent, resource.Uri, scopes, message, details, shown, lifetime) { RequestId = requestId, CallId = callId }, cancellationToken))
        {
            case AskOutcome.Asked(var approval, var authReqId):
                LogAsked(approval.Id, personId, agent);
                return Results.Json(new Answer(authReqId, Math.Max(1, (int)(approval.ExpiresAt - time.GetUtcNow()).TotalSeconds), ApprovalStore.PollInterval, approval.Id, publicUrl.At(ApprovalExtensions.PageOf(approval.Id)), approval.BindingMessage, approval.MandateId));
            case AskOutcome.OtherTerms:
                return Refuse(Errors.InvalidRequest, "request_id is of a request with other terms.");
            case AskOutcome.Refused(var limit):
                return Results.Json(new { error = Errors.AccessDenied, error_description = limit.Words, limit = limit.Code }, statusCode: StatusCodes.Status400BadRequest);
            case AskOutcome.TooMany(var why, var wait):
                Budget.Refuse(context, (int)Math.Ceiling(wait.TotalSeconds));
                return Results.Json(new { error = Errors.SlowDown, error_description = why }, statusCode: StatusCodes.Status429TooManyRequests);
            default:
                throw new InvalidOperationException("There is no such outcome.");
        }
    }

    // The subject itself, or as Auth0 writes it.
    private Guid? FindPersonId(string hint)
    {
        if (Guid.TryParseExact(hint, "D", out var plain)) return plain;
        try
        {
            using var document = JsonDocument.Parse(hint, new JsonDocumentOptions { AllowDuplicateProperties = false });
            var form = document.RootElement;
            return form.ValueKind == JsonValueKind.Object && Text("format") == "iss_sub" && Text("iss") == publicUrl.Value.AbsoluteUri && Guid.TryParseExact(Text("sub"), "D", out var formatted) ? formatted : null;

            string? Text(string member) => form.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool TryReadLifetime(OpenIddictRequest request, out TimeSpan lifetime)
    {
        lifetime = TimeSpan.FromSeconds(LongestLifetime);
        if ((string?)request["requested_expiry"] is not { } text) return true;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds == 0) return false;
        lifetime = TimeSpan.FromSeconds(Math.Min(seconds, LongestLifetime));
        return true;
    }

    private static bool TryReadContext(OpenIddictRequest request, out string? context)
    {
        context = (string?)request["request_context"];
        if (context is null) return true;
        if (context.Length > LongestContext) return false;
        try
        {
            using var document = JsonDocument.Parse(context, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static IResult Refuse(string error, string description) => Results.Json(new { error, error_description = description }, statusCode: StatusCodes.Status400BadRequest);

    // CIBA Core, section 7.3; the last four are ours.
    private sealed record Answer(
        [property: JsonPropertyName("auth_req_id")] string AuthReqId,
        [property: JsonPropertyName("expires_in")] int ExpiresIn,
        [property: JsonPropertyName("interval")] int Interval,
        [property: JsonPropertyName("approval_id")] Guid ApprovalId,
        [property: JsonPropertyName("approval_uri")] string ApprovalUri,
        [property: JsonPropertyName("binding_message")] string BindingMessage,
        [property: JsonPropertyName("mandate_id"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? MandateId)
    {
        public override string ToString() => nameof(Answer);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Approval {ApprovalId} is asked of {PersonId} for agent {ClientId}")]
    private partial void LogAsked(Guid approvalId, Guid personId, string clientId);
}
