using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using StockMcp.Brokerage.Users;

namespace StockMcp.Brokerage.Tests.SignIn;

public class PasswordTests
{
    [Fact, Trait("Requirement", "AS-19")]
    public async Task A_password_is_checked_with_the_same_work_whether_the_user_exists_or_not()
    {
        var looked = new CountingHasher();
        await using var brokerage = await TestBrokerage.StartAsync(configure: builder =>
        {
            builder.Environment.EnvironmentName = "Development";
            builder.Services.AddSingleton<IPasswordHasher<User>>(looked);
            builder.Services.RemoveAll<IPostConfigureOptions<PasswordHasherOptions>>(); // the rounds of the product, not of tests
        }, settings: ("DemoUsers", "true"));
        using var browser = new Browser(brokerage);
        foreach (var userName in new[] { "alice", "nobody" })
        {
            await browser.GetAsync("/sign-in");
            await browser.SubmitAsync("/sign-in", ("userName", userName), ("password", "wrong"));
        }

        looked.Work.Should().Equal([(2, 600_000, 16, 32), (2, 600_000, 16, 32)], "each is PBKDF2 with SHA-512 of 600,000 rounds");
    }

    /// <summary>Writes down what a check costs, as the hash says it: algorithm, rounds, and the lengths of salt and key.</summary>
    private sealed class CountingHasher : IPasswordHasher<User>
    {
        private readonly PasswordHasher<User> inner = new(Options.Create(new PasswordHasherOptions { IterationCount = 600_000 }));

        public List<(int Algorithm, int Rounds, int Salt, int Key)> Work { get; } = [];

        public string HashPassword(User user, string password) => inner.HashPassword(user, password);

        public PasswordVerificationResult VerifyHashedPassword(User user, string hashedPassword, string providedPassword)
        {
            var hash = Convert.FromBase64String(hashedPassword);
            int Number(int at) => System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(hash.AsSpan(at));
            Work.Add((Number(1), Number(5), Number(9), hash.Length - 13 - Number(9)));
            return inner.VerifyHashedPassword(user, hashedPassword, providedPassword);
        }
    }
}
