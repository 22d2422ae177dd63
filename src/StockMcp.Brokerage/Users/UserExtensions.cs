using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using StockMcp.Brokerage.Database;
using StockMcp.Brokerage.Trading;
using StockMcp.Hosting;

namespace StockMcp.Brokerage.Users;

/// <summary>Someone to try the demo as.</summary>
/// <param name="UserName">What they sign in with.</param>
/// <param name="DisplayName">What they are called.</param>
/// <param name="Email">Where nobody reads mail: the domain is kept for examples.</param>
/// <param name="Password">Known to everybody, so for a demo alone.</param>
public sealed record DemoUser(string UserName, string DisplayName, string Email, string Password);

/// <summary>The demo's users; empty where there is no demo.</summary>
/// <param name="Users">All of them.</param>
public sealed record DemoUsers(IReadOnlyList<DemoUser> Users)
{
    /// <summary>The users of the demo.</summary>
    public static IReadOnlyList<DemoUser> All { get; } = [new("alice", "Alice Liddell", "alice@example.com", "white-rabbit-7"), new("bob", "Bob Builder", "bob@example.com", "yes-we-can-42")];
}

/// <summary>Adds the Brokerage's users.</summary>
public static class UserExtensions
{
    /// <summary>Adds users, and those of the demo if the setting <c>DemoUsers</c> says so (in development it does by itself).</summary>
    /// <exception cref="StartupException">Demo users in Production.</exception>
    public static void AddUsers(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var demo = builder.Configuration.GetValue<bool?>("DemoUsers") ?? builder.Environment.IsDevelopment();
        if (demo && builder.Environment.IsProduction())
            throw new StartupException("DemoUsers is true in Production, where everybody knows their passwords. Set it to false, or run in the Development environment.");
        builder.Services.AddSingleton(new DemoUsers(demo ? DemoUsers.All : []));
        builder.Services.Configure<PasswordHasherOptions>(options => options.IterationCount = 600_000);
        builder.Services.TryAddSingleton<IPasswordHasher<User>, PasswordHasher<User>>();
        builder.Services.AddScoped<UserStore>();
        builder.Services.AddHostedService<DemoUserSeeder>();
    }
}

internal sealed class DemoUserSeeder(IServiceScopeFactory scopes, DemoUsers demo, IPasswordHasher<User> hasher, TradingDesk desk, IHostEnvironment environment) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<BrokerageDbContext>();
        if (environment.IsProduction()) await RefuseDemoUsersAsync(database, cancellationToken);
        foreach (var user in demo.Users)
        {
            if (await database.Set<User>().FirstOrDefaultAsync(known => known.UserName == user.UserName, cancellationToken) is { } known) known.Email ??= user.Email;
            else database.Add(new User { UserName = user.UserName, DisplayName = user.DisplayName, Email = user.Email, PasswordHash = hasher.HashPassword(null!, user.Password) });
        }
        await database.SaveChangesAsync(cancellationToken);
        foreach (var user in await database.Set<User>().Select(user => user.Id).ToListAsync(cancellationToken)) await desk.OpenAccountAsync(user, cancellationToken);
    }

    // A database that was the demo's keeps its users, whatever the settings say now.
    private async Task RefuseDemoUsersAsync(BrokerageDbContext database, CancellationToken cancellationToken)
    {
        foreach (var user in DemoUsers.All)
        {
            if (await database.Set<User>().FirstOrDefaultAsync(known => known.UserName == user.UserName, cancellationToken) is { } known && hasher.VerifyHashedPassword(known, known.PasswordHash, user.Password) != PasswordVerificationResult.Failed)
                throw new StartupException($"The database has the demo user {user.UserName}, whose password everybody knows. Use another database in Production (ConnectionStrings:brokerageFile or DataDirectory), or run in the Development environment.");
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
