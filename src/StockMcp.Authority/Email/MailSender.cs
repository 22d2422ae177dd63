using MailKit;
using MailKit.Net.Smtp;
using Microsoft.EntityFrameworkCore;
using StockMcp.Authority.ApprovalNotices;
using StockMcp.Authority.ApprovalPages;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.Database;
using StockMcp.Authority.SignIn;
using StockMcp.Hosting;

namespace StockMcp.Authority.Email;

/// <summary>Writes to the person of a request that they have not decided after ten seconds: who has the page open or heard of it otherwise gets no mail.</summary>
internal sealed partial class MailSender(IServiceScopeFactory scopes, Outbox outbox, PublicUrl publicUrl, TimeProvider time, ILogger<MailSender> log) : NoticeSender(scopes, time, log)
{
    protected override NoticeChannel Channel => NoticeChannel.Mail;

    protected override TimeSpan After => TimeSpan.FromSeconds(10);

    protected override async Task<bool> SendAsync(Approval approval, IServiceProvider services, CancellationToken cancellationToken)
    {
        var person = await services.GetRequiredService<AuthorityDbContext>().Set<Person>().AsNoTracking().FirstOrDefaultAsync(person => person.Id == approval.PersonId, cancellationToken);
        if (person is not { Email: { } address, MailOff: false }) return true;
        var shown = await services.GetRequiredService<ApprovalView>().ShowAsync(approval, cancellationToken);
        try
        {
            await outbox.SendAsync(ApprovalMail.Compose(shown, outbox.From, address, publicUrl), approval.Id.ToString("N"), cancellationToken);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException or MailKit.Security.AuthenticationException or MailKit.Security.SslHandshakeException
            or ServiceNotConnectedException or ProtocolException or CommandException or NotSupportedException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogFailed(approval.Id, exception.GetType().Name);
            // 5xx is final (RFC 5321, section 4.2.1).
            return exception is SmtpCommandException { StatusCode: >= SmtpStatusCode.SyntaxError };
        }
    }

    [LoggerMessage(EventId = 11, Level = LogLevel.Warning, Message = "Mail of approval {ApprovalId} could not be sent: {Reason}")]
    private partial void LogFailed(Guid approvalId, string reason);
}
