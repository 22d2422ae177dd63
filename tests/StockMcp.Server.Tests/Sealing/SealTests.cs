using System.Security.Cryptography;
using System.Text;
using StockMcp.ResourceServer.Sealing;

namespace StockMcp.Server.Tests.Sealing;

public sealed class SealTests
{
    [Fact, Trait("Requirement", "KM-03")]
    public void What_many_seal_in_the_same_moment_opens_as_it_was()
    {
        using var seal = new BoundSeal(RandomNumberGenerator.GetBytes(32), "test"u8);

        // Short and long ones, so that they are at every point of it at once.
        Parallel.For(0, 20_000, number =>
        {
            var (plain, place) = (Encoding.UTF8.GetBytes(new string((char)('a' + (number % 26)), 1 + (number % 2_000))), Encoding.UTF8.GetBytes($"place {number}"));
            var opened = seal.Open(seal.Seal(plain, place), place);
            if (opened is null || !opened.AsSpan().SequenceEqual(plain)) throw new InvalidOperationException($"Number {number} did not open as it was.");
        });
    }
}
