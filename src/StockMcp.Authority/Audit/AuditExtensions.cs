namespace StockMcp.Authority.Audit;

/// <summary>The audit log (AU-01 to AU-03): who did what through which agent, and what was decided; append-only, and chained so that a change shows.</summary>
public static class AuditExtensions
{
    /// <summary>Adds it; needs the database and the master secret.</summary>
    public static void AddAudit(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddAuditParts();
        builder.Services.AddSingleton<AuditLog>();
        builder.Services.AddSingleton<AuditCheckpoints>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<AuditCheckpoints>());
        builder.Services.AddOpenIddict().AddServer(server => server.AddEventHandler(RefusedTokens.Descriptor));
    }

    /// <summary>What reading the log needs, too.</summary>
    internal static IServiceCollection AddAuditParts(this IServiceCollection services)
    {
        services.AddOptions<AuditOptions>().BindConfiguration(AuditOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<AuditChain>();
        services.AddSingleton<AuditKeys>();
        services.AddScoped<AuditVerifier>();
        return services;
    }
}
