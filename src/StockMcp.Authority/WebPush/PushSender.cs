using System.Buffers.Text;
using System.Net;
using System.Text.Json;
using Lib.Net.Http.WebPush;
using Lib.Net.Http.WebPush.Authentication;
using Microsoft.Extensions.Options;
using StockMcp.Authority.ApprovalNotices;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.AuthorizationDetails;
using StockMcp.Hosting;

namespace StockMcp.Authority.WebPush;

/// <summary>Sends each new request for approval to the browsers of its person. What is sent is encrypted for the browser alone (RFC 8291), and says what is asked for in one line.</summary>
internal sealed partial class PushSender(IServiceScopeFactory scopes, IHttpClientFactory clients, IOptions<WebPushOptions> options, PublicUrl publicUrl, AuthorizationDetailsTypes types, TimeProvider time, ILogger<PushSender> log)
    : NoticeSender(scopes, time, log)
{
    // RFC 8292, section 2.1. A push service never sees one of loopback.
    private readonly string contact = options.Value.Contact ?? (publicUrl.IsHttps ? publicUrl.Origin : "mailto:operator@localhost.invalid");

    protected override NoticeChannel Channel => NoticeChannel.Push;

    protected override TimeSpan After => TimeSpan.Zero;

    protected override async Task<bool> SendAsync(Approval approval, IServiceProvider services, CancellationToken cancellationToken)
    {
        var subscriptions = services.GetRequiredService<BrowserSubscriptions>();
        var browsers = await subscriptions.ListAsync(approval.PersonId, cancellationToken);
        if (browsers.Count == 0) return true;
        using var vapid = await services.GetRequiredService<VapidKeys>().OpenAsync(contact, cancellationToken);
        using var http = clients.CreateClient(WebPushExtensions.Client);
        var client = new PushServiceClient(http) { AutoRetryAfter = false };
        var all = true;
        foreach (var browser in browsers) all &= await SendAsync(client, vapid, subscriptions, browser, approval, cancellationToken);
        return all;
    }

    private async Task<bool> SendAsync(PushServiceClient client, VapidAuthentication vapid, BrowserSubscriptions subscriptions, BrowserSubscription browser, Approval approval, CancellationToken cancellationToken)
    {
        var target = new PushSubscription { Endpoint = browser.Endpoint };
        target.SetKey(PushEncryptionKeyName.P256DH, browser.P256dh);
        target.SetKey(PushEncryptionKeyName.Auth, browser.Auth);
        var left = approval.ExpiresAt - Clock.GetUtcNow();
        var message = new PushMessage(JsonSerializer.Serialize(new { title = types.Stored(approval.Details).Terms.Title, path = ApprovalExtensions.PageOf(approval.Id) }))
        {
            Topic = Base64Url.EncodeToString(approval.Id.ToByteArray()), // one that is sent again takes the place of the first
            TimeToLive = Math.Max(1, (int)left.TotalSeconds),
            Urgency = PushMessageUrgency.High,
        };
        try
        {
            await client.RequestPushMessageDeliveryAsync(target, message, vapid, VapidAuthenticationScheme.Vapid, cancellationToken);
            return true;
        }
        catch (PushServiceClientException exception) when (exception.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone)
        {
            await subscriptions.ForgetAsync(browser.Id, cancellationToken);
            return true;
        }
        catch (PushServiceClientException exception) when (exception.StatusCode is not HttpStatusCode.TooManyRequests && (int)exception.StatusCode < 500)
        {
            LogRefused(browser.Id, (int)exception.StatusCode);
            return true; // the same would be refused again
        }
        catch (Exception exception) when (exception is PushServiceClientException or HttpRequestException or IOException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogFailed(browser.Id, exception.GetBaseException().GetType().Name);
            return false;
        }
    }

    [LoggerMessage(EventId = 11, Level = LogLevel.Warning, Message = "The push service of browser {Browser} refused a notification with {Status}")]
    private partial void LogRefused(Guid browser, int status);

    [LoggerMessage(EventId = 12, Level = LogLevel.Warning, Message = "The push service of browser {Browser} could not be reached: {Reason}")]
    private partial void LogFailed(Guid browser, string reason);
}
