namespace StockMcp.Authority.Vault;

/// <summary>The token vault: upstream refresh tokens, encrypted, and the access tokens got with them.</summary>
public static class VaultExtensions
{
    /// <summary>Adds the vault; needs the connections and the database.</summary>
    public static void AddVault(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton(MasterKeys.From(builder.Configuration));
        builder.Services.AddScoped<PersonKeys>();
        builder.Services.AddScoped<AccountLease>();
        builder.Services.AddSingleton<KeyRotation>();
        builder.Services.AddHttpClient(UpstreamProvider.HttpClientName, http =>
        {
            http.Timeout = TimeSpan.FromSeconds(10);
            http.DefaultRequestHeaders.UserAgent.ParseAdd("StockMcp");
        }).ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(5) });
        builder.Services.AddScoped<UpstreamProvider>();
        builder.Services.AddScoped<TokenVault>();
    }
}
