using System.Globalization;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;
using MimeKit;
using StockMcp.Hosting;

namespace StockMcp.Authority.Email;

/// <summary>Where messages go: to an SMTP server, or to files if there is none.</summary>
internal sealed partial class Outbox(IOptions<EmailOptions> options, IConfiguration configuration, TimeProvider time, ILogger<Outbox> log)
{
    public const string Folder = "outbox";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_filesAreKeptFor = TimeSpan.FromDays(7);
    private readonly string? password = SecretFile.Setting(configuration.GetSection(EmailOptions.Section), nameof(EmailOptions.Password));
    private readonly string folder = Path.Combine(DataDirectory.From(configuration), Folder);

    /// <summary>Whom messages come from.</summary>
    public MailboxAddress From { get; } = MailboxAddress.Parse(options.Value.From);

    /// <summary>Sends a message.</summary>
    /// <exception cref="IOException">It could not be written, or the server not be reached. The server's refusals are exceptions of MailKit.</exception>
    public async Task SendAsync(MimeMessage message, string name, CancellationToken cancellationToken)
    {
        message.Date = time.GetUtcNow();
        if (options.Value.Host is { Length: > 0 } host) await SendAsync(host, message, name, cancellationToken);
        else await WriteAsync(message, name, cancellationToken);
    }

    private async Task SendAsync(string host, MimeMessage message, string name, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(s_patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        using var smtp = new SmtpClient();
        var (port, startTls) = (options.Value.Port, options.Value.StartTls);
        await smtp.ConnectAsync(host, port, port == 465 ? SecureSocketOptions.SslOnConnect : startTls ? SecureSocketOptions.StartTls : SecureSocketOptions.None, either.Token);
        if (options.Value.UserName is { Length: > 0 } user) await smtp.AuthenticateAsync(user, password ?? "", either.Token);
        await smtp.SendAsync(message, either.Token);
        await smtp.DisconnectAsync(quit: true, either.Token);
        LogSent(message.MessageId ?? name);
    }

    private async Task WriteAsync(MimeMessage message, string name, CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var oldest = time.GetUtcNow() - s_filesAreKeptFor;
        foreach (var old in Directory.EnumerateFiles(folder, "*.eml").Where(file => File.GetLastWriteTimeUtc(file) < oldest.UtcDateTime)) File.Delete(old);
        var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{message.Date:yyyyMMdd-HHmmss}-{name}.eml"));
        // Complete or not there.
        await message.WriteToAsync(path + ".part", cancellationToken);
        File.Move(path + ".part", path, overwrite: true);
        LogWritten(path);
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Mail {Id} was sent")]
    private partial void LogSent(string id);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Mail was written to {Path}")]
    private partial void LogWritten(string path);
}
