using Microsoft.AspNetCore.Authentication;

namespace StockMcp.Authority.SignIn;

/// <summary>Says, in the state that travels to a connection and back, that the way is not one of signing in: it adds an account to somebody's.</summary>
/// <param name="PersonId">Whose account is added to.</param>
/// <param name="RequestId">The connect request of the app that began it; <see langword="null"/> if the person did, on our own pages.</param>
internal sealed record ConnectsFor(Guid PersonId, Guid? RequestId)
{
    private const string Person = "connects_for";
    private const string Request = "connect_request";

    /// <returns><see langword="null"/> if it was a sign-in.</returns>
    public static ConnectsFor? ReadFrom(AuthenticationProperties properties)
        => properties.Items.TryGetValue(Person, out var person) && person is not null
            ? new ConnectsFor(Guid.Parse(person), properties.Items.TryGetValue(Request, out var request) && request is not null ? Guid.Parse(request) : null)
            : null;

    public void WriteTo(AuthenticationProperties properties)
    {
        properties.Items[Person] = PersonId.ToString();
        if (RequestId is { } request) properties.Items[Request] = request.ToString();
    }
}
