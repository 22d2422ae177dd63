using StockMcp.Hosting;

namespace StockMcp.Authority.Revocations;

/// <summary>What ended, in words of this application. Call it after the change is committed: who asks again must get the new answer.</summary>
internal sealed class RevocationNotices(RevocationQueue queue, PublicUrl publicUrl)
{
    private string Issuer => publicUrl.Value.AbsoluteUri;

    /// <summary>The person's account at a connection was disconnected, broke, or another took its place.</summary>
    public void Connection(Guid personId, string connection) => queue.Add(RevokedLinks.Connection(Issuer, personId.ToString(), connection));

    /// <summary>The person's agent was signed out.</summary>
    public void Agent(Guid personId, string clientId) => queue.Add(RevokedLinks.Agent(Issuer, personId.ToString(), clientId));

    /// <summary>The person is gone.</summary>
    public void Person(Guid personId) => queue.Add(RevokedLinks.Person(Issuer, personId.ToString()));
}
