using System.ComponentModel.DataAnnotations;
using System.Net;
using MimeKit;

namespace StockMcp.Authority.Email;

/// <summary>How mail goes out. The setting <c>Email</c>.</summary>
internal sealed record EmailOptions : IValidatableObject
{
    public const string Section = "Email";

    /// <summary>The SMTP server. Without one, mail is written to files in the folder <c>outbox</c> of the data folder.</summary>
    public string? Host { get; init; }

    /// <summary>Its port; 587 unless set.</summary>
    [Range(1, 65535, ErrorMessage = Section + ":{0} must lie between {1} and {2}.")]
    public int Port { get; init; } = 587;

    /// <summary>Whether the connection begins in the clear and is encrypted before anything is said (STARTTLS); on port 465 it is encrypted from the start. False in the clear, for a server on this computer alone. True unless set.</summary>
    public bool StartTls { get; init; } = true;

    /// <summary>The user at the SMTP server; none unless set.</summary>
    public string? UserName { get; init; }

    /// <summary>The user's password.</summary>
    public string? Password { get; init; }

    /// <summary>The file that holds the password.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The sender; needed with a server.</summary>
    public string From { get; init; } = "StockMcp <approvals@localhost.invalid>";

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!MailboxAddress.TryParse(From, out _)) yield return new($"{Section}:From must be a mail address, such as StockMcp <approvals@example.com>.");
        if (Host is not { Length: > 0 }) yield break;
        if (From.EndsWith(".invalid>", StringComparison.Ordinal)) yield return new($"{Section}:From is needed with {Section}:Host: whom mail comes from.");
        if (!StartTls && Port != 465 && !IsHere) yield return new($"{Section}:StartTls must be true unless the server is on this computer: mail says what people trade.");
        if (UserName is { Length: > 0 } && Password is null && PasswordFile is null) yield return new($"{Section}:PasswordFile is needed with {Section}:UserName.");
    }

    private bool IsHere => Host == "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    /// <inheritdoc/>
    public override string ToString() => Host ?? "files";
}
