using Microsoft.AspNetCore.Authentication;

namespace StockMcp.Authority.SignIn;

/// <summary>Says, in the state that travels to a connection and back, that a person who is signed in proves once more who they are (AP-02): nobody else may come back.</summary>
/// <param name="PersonId">Who is signed in.</param>
internal sealed record Reauthentication(Guid PersonId)
{
    private const string Person = "proves_again";

    /// <summary>OpenID Connect Core, section 3.1.2.1: with it, the connection must say when the person signed in there. In seconds.</summary>
    public const int MaxAge = 300;

    /// <returns><see langword="null"/> if it was something else.</returns>
    public static Reauthentication? ReadFrom(AuthenticationProperties properties)
        => properties.Items.TryGetValue(Person, out var person) && Guid.TryParse(person, out var id) ? new Reauthentication(id) : null;

    public void WriteTo(AuthenticationProperties properties) => properties.Items[Person] = PersonId.ToString();
}
