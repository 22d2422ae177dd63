using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace StockMcp.Authority.Tests.Approvals;

/// <summary>A push service and the browser behind it (RFC 8030, 8291, 8292), on loopback.</summary>
internal sealed class PushService : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ECDiffieHellman key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
    private readonly byte[] secret = RandomNumberGenerator.GetBytes(16);
    private readonly ConcurrentQueue<PushedMessage> messages = new();

    private PushService(WebApplication app) => this.app = app;

    public IReadOnlyList<PushedMessage> Messages => [.. messages];

    /// <summary>How it answers.</summary>
    public HttpStatusCode Answer { get; set; } = HttpStatusCode.Created;

    public Uri Origin => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<PushService> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var host = builder.Build();
        var service = new PushService(host);
        host.MapPost("/push/{browser}", service.TakeAsync);
        await host.StartAsync();
        return service;
    }

    /// <summary>What a browser says when notifications are switched on in it.</summary>
    public Dictionary<string, string> Subscription(string browser = "one") => new()
    {
        ["endpoint"] = new Uri(Origin, $"push/{browser}").AbsoluteUri,
        ["p256dh"] = Base64Url.EncodeToString(Point(key)),
        ["auth"] = Base64Url.EncodeToString(secret),
    };

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        key.Dispose();
    }

    private async Task TakeAsync(HttpContext context, string browser)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var text = Answer == HttpStatusCode.Created ? Decrypt(body.ToArray()) : "";
        messages.Enqueue(new(browser, text, context.Request.Headers.Authorization.ToString(), context.Request.Headers["TTL"].ToString(), context.Request.Headers["Urgency"].ToString(), context.Request.Headers.ContentEncoding.ToString()));
        context.Response.StatusCode = (int)Answer;
    }

    // RFC 8188, section 2, with the keys of RFC 8291, section 3.4.
    private string Decrypt(byte[] body)
    {
        var salt = body[..16];
        BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(16)).Should().BeGreaterThan(18);
        var sender = body[21..(21 + body[20])];
        using var theirs = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = sender[1..33], Y = sender[33..65] } });
        var shared = key.DeriveRawSecretAgreement(theirs.PublicKey);
        var material = HKDF.DeriveKey(HashAlgorithmName.SHA256, shared, 32, secret, [.. "WebPush: info\0"u8, .. Point(key), .. sender]);
        var contentKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, material, 16, salt, "Content-Encoding: aes128gcm\0"u8.ToArray());
        var nonce = HKDF.DeriveKey(HashAlgorithmName.SHA256, material, 12, salt, "Content-Encoding: nonce\0"u8.ToArray());
        var record = body[(21 + sender.Length)..];
        var plain = new byte[record.Length - 16];
        using var aes = new AesGcm(contentKey, 16);
        aes.Decrypt(nonce, record[..^16], record[^16..], plain);
        return Encoding.UTF8.GetString(plain).TrimEnd('\0').TrimEnd('\u0002');
    }

    private static byte[] Point(ECDiffieHellman key)
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return [4, .. point.X!, .. point.Y!];
    }
}

/// <summary>A message that came.</summary>
internal sealed record PushedMessage(string Browser, string Text, string Authorization, string TimeToLive, string Urgency, string Encoding);
