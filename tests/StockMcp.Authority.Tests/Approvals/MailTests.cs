using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using MimeKit;
using StockMcp.Authority.Database;
using StockMcp.Testing.Harness;
using StockMcp.Testing.People;

namespace StockMcp.Authority.Tests.Approvals;

public sealed class MailTests
{
    [Fact, Trait("Requirement", "AP-01")]
    public async Task A_request_that_is_not_decided_is_written_to_its_person_with_all_terms_and_a_link()
    {
        await using var system = await StockMcpSystem.StartAsync();
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice, "<b>Helper</b>");
        await HasAddressAsync(system, client, "alice@example.com");

        var approval = await client.AskAsync(code: "K7M-2QX");
        await Eventually.ShouldAsync(() => Files(system).Length > 0, "a message");

        using var message = await MimeMessage.LoadAsync(Files(system).Single());
        message.To.Mailboxes.Single().Address.Should().Be("alice@example.com");
        message.Subject.Should().Be("BUY 10 WAYNE: approve or deny?");
        message.TextBody.Should().Contain("BUY 10 WAYNE").And.Contain("Limit: 71.50 USD a share or better").And.Contain("Worth at most: 715.00 USD").And.Contain("Account: PA1000001").And.Contain("K7M-2QX").And.Contain(approval.Page.AbsoluteUri).And.Contain("nobody has checked it");
        message.HtmlBody.Should().Contain("715.00 USD").And.Contain($"href=\"{approval.Page.AbsoluteUri}\"").And.NotContain("<b>Helper");
        system.Logs.Lines.Should().Contain(line => line.Text.Contains(Files(system).Single(), StringComparison.Ordinal), "people find it by the log");
    }

    [Fact]
    public async Task Who_switched_mail_off_or_has_no_address_gets_none()
    {
        var clock = new ShiftedClock();
        await using var system = await StockMcpSystem.StartAsync(clock: clock);
        using var alice = Person.Alice(system);
        using var bob = Person.Bob(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        var bobs = await AskingAgent.ConnectAsync(system, bob);
        await HasAddressAsync(system, bobs, null);
        await HasAddressAsync(system, client, "alice@example.com");
        await alice.SubmitAsync(new Uri(system.Running.Authority.Url, "approvals"), "Switch mail off");
        await client.AskAsync(AskingAgent.Order(quantity: "2"));
        await bobs.AskAsync(AskingAgent.Order(quantity: "3"));

        clock.Advance(TimeSpan.FromSeconds(11));
        await Eventually.ShouldAsync(() => Notices(system) == 2, "both were looked at");

        Files(system).Should().BeEmpty();
        await alice.SubmitAsync(new Uri(system.Running.Authority.Url, "approvals"), "Switch mail on");
        await client.AskAsync(AskingAgent.Order(quantity: "4"));
        clock.Advance(TimeSpan.FromSeconds(11));
        await Eventually.ShouldAsync(() => Files(system).Length == 1, "the one that she wants to hear of");
    }

    [Fact]
    public async Task A_server_that_is_away_delays_nobody_and_gets_the_message_when_it_is_back()
    {
        var port = FreePorts.Take();
        await using var system = await StockMcpSystem.StartAsync(options => options with
        {
            AuthoritySettings = new Dictionary<string, string?> { ["Email:Host"] = "127.0.0.1", ["Email:Port"] = $"{port}", ["Email:StartTls"] = "false", ["Email:From"] = "Stock <stock@example.com>" },
        });
        using var alice = Person.Alice(system);
        var client = await AskingAgent.ConnectAsync(system, alice);
        await HasAddressAsync(system, client, "alice@example.com");
        await client.AskAsync();
        await Eventually.ShouldAsync(() => system.Logs.Lines.Any(line => line.Text.Contains("could not be sent", StringComparison.Ordinal)), "the first attempt");

        var received = await TakeMessageAsync(port);

        received.Should().Contain("RCPT TO:<alice@example.com>").And.Contain("BUY 10 WAYNE");
    }

    // Enough of RFC 5321 to be told one message.
    private static async Task<string> TakeMessageAsync(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var socket = await listener.AcceptTcpClientAsync(over.Token);
        await using var stream = socket.GetStream();
        using var reader = new StreamReader(stream, Encoding.UTF8);
        await using var writer = new StreamWriter(stream, new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
        var (told, data) = (new StringBuilder(), false);
        await writer.WriteLineAsync("220 here");
        while (await reader.ReadLineAsync(over.Token) is { } line)
        {
            told.AppendLine(line);
            if (data && line != ".") continue;
            await writer.WriteLineAsync(line switch { "." => "250 taken", "DATA" => "354 go on", "QUIT" => "221 bye", _ => "250 ok" });
            data = line == "DATA";
            if (line == "QUIT") break;
        }
        return told.ToString();
    }

    private static string[] Files(StockMcpSystem system)
    {
        var folder = Path.Combine(system.DataDirectory, "authority", "outbox");
        return Directory.Exists(folder) ? Directory.GetFiles(folder, "*.eml") : [];
    }

    private static async Task HasAddressAsync(StockMcpSystem system, AskingAgent client, string? address)
    {
        await using var scope = system.Running.Authority.Services.CreateAsyncScope();
        var id = Guid.Parse(client.Subject);
        await scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<SignIn.Person>().Where(person => person.Id == id).ExecuteUpdateAsync(set => set.SetProperty(person => person.Email, address));
    }

    private static int Notices(StockMcpSystem system)
    {
        using var scope = system.Running.Authority.Services.CreateScope();
        return scope.ServiceProvider.GetRequiredService<AuthorityDbContext>().Set<ApprovalNotices.ApprovalNotice>().Count(notice => notice.Channel == ApprovalNotices.NoticeChannel.Mail && notice.DoneAt != null);
    }
}
