using StockMcp.Doctor.Authorization;
using StockMcp.Doctor.AuthorizationServer;
using StockMcp.Doctor.McpEndpoint;
using StockMcp.Doctor.ProtectedResource;
using StockMcp.Doctor.Registration;
using StockMcp.Doctor.Tokens;

namespace StockMcp.Doctor;

/// <summary>Everything that is looked at, in the order in which a client comes across it.</summary>
internal static class Checks
{
    public static IReadOnlyList<Step> All { get; } =
    [
        new("The first request", [
            new McpUrl(),
            new ChallengeStatus(),
            new ChallengeMetadata(),
            new ChallengeError(),
            new ChallengeScope(),
            new ChallengeForEveryClient(),
        ]),
        new("Protected resource metadata", [
            new PathMetadata(),
            new RootMetadata(),
            new ResourceEquality(),
            new AuthorizationServers(),
            new SupportedScopes(),
            new BearerMethods(),
        ]),
        new("Authorization server metadata", [
            new ServerMetadata(),
            new IssuerEquality(),
            new Endpoints(),
            new ProofKey(),
            new IssuerInResponse(),
            new RegistrationWays(),
            new PublicClients(),
            new SigningKeys(),
            new ReadableByScripts(),
            new Clocks(),
        ]),
        new("Registration", [.. KnownClients.All.Select(client => new KnownClientRegistration(client))]),
        new("Authorization request", [
            new UnknownClient(),
            new WrongRedirect(),
            new LoopbackPort(),
            new RequiredProofKey(),
            new AcceptedRequest(),
            new AuthorizationResponse(),
        ]),
        new("Tokens", [
            new TokenError(),
            new TokenResponse(),
            new TokenContents(),
            new Refresh(),
        ]),
        new("Tokens that are not good", [
            new BadToken(),
            new UnknownKey(),
            new UnsignedToken(),
            new ForeignOrigin(),
        ]),
        new("Model Context Protocol", [
            new Initialize(),
            new Discover(),
            new ToolList(),
            new ToolCall(),
            new ScopeStepUp(),
        ]),
        new("What comes last, as it may cost the tokens", [
            new TokenInQuery(),
            new RefreshTwice(),
        ]),
    ];
}
