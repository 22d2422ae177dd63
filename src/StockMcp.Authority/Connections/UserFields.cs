using System.Text.Json;
using OpenIddict.Abstractions;
using OpenIddict.Client;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Client.OpenIddictClientEvents;

namespace StockMcp.Authority.Connections;

/// <summary>Of what a provider without OpenID Connect says of a person, only who they are and what they are called goes any further, under OpenID Connect's names.</summary>
internal sealed class UserFields(ConnectionTable connections) : IOpenIddictClientHandler<HandleUserInfoResponseContext>
{
    private const int Longest = 255;

    public static OpenIddictClientHandlerDescriptor Descriptor { get; } = OpenIddictClientHandlerDescriptor.CreateBuilder<HandleUserInfoResponseContext>()
        .UseSingletonHandler<UserFields>()
        .SetOrder(int.MinValue)
        .SetType(OpenIddictClientHandlerType.Custom)
        .Build();

    public ValueTask HandleAsync(HandleUserInfoResponseContext context)
    {
        if (connections.Find(context.Registration.RegistrationId)?.OAuth is not { } oauth) return ValueTask.CompletedTask;
        if (Text(context.Response[oauth.SubjectField]) is not { } subject) context.Reject(Errors.ServerError, $"The provider does not say who signed in: there is no text {oauth.SubjectField} in its answer.");
        else context.Response = new OpenIddictResponse { [Claims.Subject] = subject, [Claims.Name] = oauth.NameField is { } name ? Text(context.Response[name]) : null };
        return ValueTask.CompletedTask;
    }

    private static string? Text(OpenIddictParameter? field) => field is { } value && (JsonElement)value is { ValueKind: JsonValueKind.String } text && text.GetString() is { Length: > 0 and <= Longest } found ? found : null;
}
