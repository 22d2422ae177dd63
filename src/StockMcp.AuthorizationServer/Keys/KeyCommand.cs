using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using StockMcp.Hosting;

namespace StockMcp.AuthorizationServer.Keys;

/// <summary>The command <c>keys list</c>, <c>keys rotate</c>, <c>keys revoke KID</c> on the command line of an authorization server.</summary>
public static class KeyCommand
{
    /// <summary>Whether the command line is this command.</summary>
    public static bool Is(string[] args) => args is ["keys", ..];

    /// <summary>Runs it on the application's database. Running copies follow within half a minute.</summary>
    /// <returns>0, or 1 with a line that says what was wrong.</returns>
    public static async Task<int> RunAsync(Func<string[], WebApplication> build, string[] args)
    {
        ArgumentNullException.ThrowIfNull(build);
        ArgumentNullException.ThrowIfNull(args);
        try
        {
            var words = args.TakeWhile(argument => !argument.StartsWith("--", StringComparison.Ordinal)).ToArray();
            await using var app = build(args[words.Length..]);
            var rotation = app.Services.GetRequiredService<KeyRotation>();
            switch (words)
            {
                case ["keys", "list"]:
                    break;
                case ["keys", "rotate"]:
                    await rotation.RotateAsync(CancellationToken.None);
                    break;
                case ["keys", "revoke", var kid]:
                    if (!await rotation.RevokeAsync(kid, CancellationToken.None)) throw new StartupException($"There is no signing key {kid}. See them with: keys list");
                    break;
                default:
                    throw new StartupException("Write one of: keys list, keys rotate, keys revoke KID; then settings such as --DataDirectory=.data/authority.");
            }
            foreach (var (key, state) in await rotation.ListAsync(CancellationToken.None)) Console.WriteLine($"{key.Kid}  {state,-9}  made {key.CreatedAt:u}  signs from {key.SignsFrom:u}");
            return 0;
        }
        catch (Exception exception) when (ServiceHost.Explain(exception) is { } explanation)
        {
            await Console.Error.WriteLineAsync(explanation);
            return 1;
        }
    }
}
