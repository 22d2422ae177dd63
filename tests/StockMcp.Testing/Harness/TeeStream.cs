using System.Text;

namespace StockMcp.Testing.Harness;

/// <summary>Hands on what is written to it, and keeps a copy of the first mebibyte.</summary>
internal sealed class TeeStream(Stream inner) : Stream
{
    private const int Most = 1024 * 1024;
    private readonly MemoryStream copy = new();

    public Stream Inner => inner;

    public string Text
    {
        get
        {
            lock (copy) return Encoding.UTF8.GetString(copy.GetBuffer(), 0, (int)copy.Length);
        }
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Write(byte[] buffer, int offset, int count)
    {
        Keep(buffer.AsSpan(offset, count));
        inner.Write(buffer, offset, count);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Keep(buffer.Span);
        return inner.WriteAsync(buffer, cancellationToken);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        lock (copy) copy.Write(bytes[..(int)Math.Min(bytes.Length, Math.Max(0, Most - copy.Length))]);
    }
}
