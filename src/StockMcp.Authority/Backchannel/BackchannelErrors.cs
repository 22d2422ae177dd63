namespace StockMcp.Authority.Backchannel;

/// <summary>Errors of OpenID CIBA Core, sections 11 and 13, that OpenIddict has no names for.</summary>
internal static class BackchannelErrors
{
    public const string UnknownUserId = "unknown_user_id";
    public const string InvalidBindingMessage = "invalid_binding_message";
    public const string ExpiredToken = "expired_token";
    public const string AuthorizationPending = "authorization_pending";
}
