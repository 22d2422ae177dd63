using System.Net;
using System.Net.Sockets;

namespace StockMcp.Server.Tests.Fixture;

/// <summary>Stands before a server and passes bytes on, until it freezes: then it keeps the connections, swallows what comes and answers nothing.</summary>
internal sealed class FreezingRelay : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource ended = new();
    private readonly int target;
    private readonly Task accepting;
    private long swallowed;
    private volatile bool frozen;

    public FreezingRelay(int target)
    {
        this.target = target;
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    /// <summary>Bytes that came while it was frozen.</summary>
    public long Swallowed => Interlocked.Read(ref swallowed);

    public void Freeze() => frozen = true;

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        listener.Dispose();
        await accepting;
        ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        var passing = new List<Task>();
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(ended.Token);
                var server = new TcpClient();
                await server.ConnectAsync(IPAddress.Loopback, target, ended.Token);
                passing.Add(PassAsync(client, server, fromClient: true));
                passing.Add(PassAsync(server, client, fromClient: false));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(passing);
        }
    }

    private async Task PassAsync(TcpClient from, TcpClient to, bool fromClient)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, ended.Token) is > 0 and var length)
            {
                if (!frozen) await to.GetStream().WriteAsync(buffer.AsMemory(0, length), ended.Token);
                else if (fromClient) Interlocked.Add(ref swallowed, length);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or InvalidOperationException)
        {
            // One side is gone.
        }
        from.Dispose();
        to.Dispose();
    }
}
