namespace StockMcp.Brokerage.AuthorizationDetails;

/// <summary>RFC 9396: a token for one order, whose exact terms it carries, and the mandate within which it is ordered if its owner was not asked. An app whose settings name the types gets one with a refresh.</summary>
public static class AuthorizationDetailsExtensions
{
    /// <summary>The types that the token endpoint knows.</summary>
    public static IReadOnlyList<string> Types { get; } = [StockOrderDetails.Type, MandateDetails.Type];

    /// <summary>Adds the parameters <c>authorization_details</c> and <c>txn</c> to the token endpoint's refresh, and what they say to its tokens.</summary>
    public static void UseOneOrderTokens(this OpenIddictServerBuilder server)
    {
        ArgumentNullException.ThrowIfNull(server);
        server.AddEventHandler(OneOrderTokens.Announce.Descriptor);
        server.AddEventHandler(OneOrderTokens.RefuseAtSignIn.Descriptor);
        server.AddEventHandler(OneOrderTokens.RefusePushed.Descriptor);
        server.AddEventHandler(OneOrderTokens.Check.Descriptor);
        server.AddEventHandler(OneOrderTokens.Narrow.Descriptor);
        server.AddEventHandler(OneOrderTokens.Answer.Descriptor);
        server.AddEventHandler(OneOrderTokens.Introspect.Descriptor);
    }
}
