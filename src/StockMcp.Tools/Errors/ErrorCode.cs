namespace StockMcp.Tools.Errors;

/// <summary>Why a tool could not answer. The codes are stable: agents may act on them.</summary>
public enum ErrorCode
{
    /// <summary>An argument is missing, unknown, of the wrong type or out of bounds.</summary>
    InvalidArgument,

    /// <summary>There is no such share or order.</summary>
    NotFound,

    /// <summary>The account is not connected, its connection broke, or it lacks a scope: the person opens a page.</summary>
    ConnectionRequired,

    /// <summary>The authorization server does not accept the agent's token any more.</summary>
    AuthorizationEnded,

    /// <summary>The authorization server does not let this server act: its settings are wrong.</summary>
    AuthorizationRefused,

    /// <summary>The brokerage, or the authorization server in front of it, is away.</summary>
    UpstreamUnavailable,

    /// <summary>The brokerage said no.</summary>
    UpstreamRefused,

    /// <summary>The brokerage answered something that cannot be understood, so it is not passed on.</summary>
    UpstreamAnswerInvalid,

    /// <summary>A limit that the person set, or that holds for everybody, does not let this order be asked for.</summary>
    LimitReached,

    /// <summary>Too much was asked already, of the person or of the brokerage.</summary>
    TooManyRequests,

    /// <summary>A mistake of this server.</summary>
    InternalError,
}
