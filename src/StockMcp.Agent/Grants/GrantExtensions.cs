namespace StockMcp.Agent.Grants;

/// <summary>The tokens that people gave this agent. A model never holds one, nor does a cookie.</summary>
public static class GrantExtensions
{
    /// <summary>Adds them.</summary>
    public static void AddGrants(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddScoped<GrantStore>();
        builder.Services.AddSingleton<AgentTokens>();
    }
}
