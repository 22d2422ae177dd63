using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.Authority.Consent;

/// <summary>
/// How a request relates to what the person allowed the agent before. Does it want something new, they are asked for that alone, and the rest stays; is there nothing new,
/// and they are asked all the same, they may take back any of it.
/// </summary>
internal sealed class StepUp
{
    private readonly IReadOnlyList<string> known;
    private readonly IReadOnlyList<string> wanted;
    private readonly bool wantsMore;

    private StepUp(IReadOnlyList<string> wanted, AgentConsent? consent)
    {
        (this.wanted, known) = (wanted, consent?.GrantedScopes ?? []);
        AsksForNothingNew = consent is not null && !wanted.Except(known).Any();
        wantsMore = known.Count > 0 && wanted.Any(scope => scope != Scopes.OpenId && !known.Contains(scope));
    }

    public static StepUp Of(IReadOnlyList<string> wanted, AgentConsent? consent) => new(wanted, consent);

    /// <summary>Whether all that is wanted was allowed before.</summary>
    public bool AsksForNothingNew { get; }

    /// <summary>What stays allowed, whatever the person ticks now.</summary>
    public IEnumerable<string> Kept => wantsMore ? known : known.Except(wanted);

    /// <summary>Whether the person is told of a scope as already allowed, and not asked for it.</summary>
    public bool IsHeld(string scope) => wantsMore && known.Contains(scope);
}
