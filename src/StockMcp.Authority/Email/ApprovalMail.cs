using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using MimeKit;
using StockMcp.Authority.ApprovalPages;
using StockMcp.Hosting;

namespace StockMcp.Authority.Email;

/// <summary>A request for approval as a message: the same terms as on the page, and a link to it. Nothing can be approved in the message itself.</summary>
internal static class ApprovalMail
{
    public static MimeMessage Compose(ShownApproval approval, MailboxAddress from, string to, PublicUrl publicUrl)
    {
        var link = publicUrl.At(approval.Path);
        var message = new MimeMessage
        {
            Subject = $"{approval.Terms.Title}: approve or deny?",
            // The same for each attempt: what comes twice is shown once.
            MessageId = $"approval-{approval.Id:N}@{publicUrl.Value.Host}",
        };
        message.From.Add(from);
        message.To.Add(new MailboxAddress("", to));
        message.Headers.Add("Auto-Submitted", "auto-generated");
        message.Body = new BodyBuilder { TextBody = Text(approval, link), HtmlBody = Html(approval, link) }.ToMessageBody();
        return message;
    }

    private static IEnumerable<(string Label, string Value)> Facts(ShownApproval approval)
    {
        foreach (var (label, value) in approval.Terms.Lines) yield return (label, value);
        yield return ("Asked by", $"an app that calls itself “{approval.Agent.Name}”{(approval.Agent.Unchecked ? "; nobody has checked it" : "")}");
        yield return ("Code", $"{approval.Code} (the app shows the same)");
        yield return ("Decide until", approval.ExpiresAt.ToString("HH:mm:ss 'UTC on' d MMMM yyyy", CultureInfo.InvariantCulture));
    }

    private static string Text(ShownApproval approval, string link)
    {
        var text = new StringBuilder().Append(approval.Terms.Title).Append("\n\n");
        foreach (var (label, value) in Facts(approval)) text.Append(label).Append(": ").Append(value).Append('\n');
        return text.Append("\nLook at it and decide:\n").Append(link)
            .Append("\n\nNothing happens unless you approve it there, signed in. If you do not know what this is about, deny it.\nMail like this is switched off at ").Append(link[..link.LastIndexOf('/')]).Append('\n').ToString();
    }

    private static string Html(ShownApproval approval, string link)
    {
        var html = HtmlEncoder.Default;
        var rows = string.Concat(Facts(approval).Select(fact => $"<tr><td style=\"padding:4px 16px 4px 0;color:#55645d;vertical-align:top\">{html.Encode(fact.Label)}</td><td style=\"padding:4px 0\"><bdi>{html.Encode(fact.Value)}</bdi></td></tr>"));
        return $"""
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"></head>
            <body style="font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:0 auto;padding:16px">
            <h1 style="font-size:24px"><bdi>{html.Encode(approval.Terms.Title)}</bdi></h1>
            <table style="border-collapse:collapse">{rows}</table>
            <p style="margin:24px 0"><a href="{html.Encode(link)}" style="background:#0b6e4f;color:#ffffff;padding:12px 20px;border-radius:10px;text-decoration:none;font-weight:600">Look at it and decide</a></p>
            <p style="color:#55645d">Nothing happens unless you approve it there, signed in. If you do not know what this is about, deny it.</p>
            <p style="color:#55645d"><a href="{html.Encode(link[..link.LastIndexOf('/')])}">Switch mail like this off</a></p>
            </body></html>
            """;
    }
}
