namespace StockMcp.Authority.Email;

/// <summary>Mail about approvals: by SMTP, or to files where no server is set.</summary>
public static class EmailExtensions
{
    /// <summary>Adds who sends it.</summary>
    public static void AddEmail(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<EmailOptions>().BindConfiguration(EmailOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<Outbox>();
        builder.Services.AddHostedService<MailSender>();
    }
}
