using StockMcp.Hosting;

namespace StockMcp.Authority.Vault;

/// <summary>The commands <c>vault rotate-master-key</c> and <c>vault rotate-person-keys [--person …]</c>. They run beside the Authority, which goes on meanwhile.</summary>
internal static class VaultCommand
{
    public const string Name = "vault";
    private const string Usage = "Write: vault rotate-master-key, or vault rotate-person-keys [--person id], with the settings of this application, such as --DataDirectory.";

    /// <returns>0 if everything is under its new key, 1 if something did not open or it could not begin.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            if (args is not [Name, "rotate-master-key" or "rotate-person-keys", .. var settings]) throw new StartupException(Usage);
            await using var app = Program.Build(settings, builder => builder.Logging.SetMinimumLevel(LogLevel.Warning));
            Guid? person = app.Configuration["person"] is not { Length: > 0 } given ? null
                : Guid.TryParse(given, out var id) ? id : throw new StartupException($"--person is '{given}'. It must be the id of a person: the subject of their tokens.");
            var rotation = app.Services.GetRequiredService<KeyRotation>();
            var failed = args[1] == "rotate-master-key"
                ? await rotation.RotateMasterKeyAsync(Console.Out.WriteLine, CancellationToken.None)
                : await rotation.RotatePersonKeysAsync(person, Console.Out.WriteLine, CancellationToken.None);
            foreach (var failure in failed) await Console.Error.WriteLineAsync(failure);
            return failed.Count == 0 ? 0 : 1;
        }
        catch (Exception exception) when (ServiceHost.Explain(exception) is { } explanation)
        {
            await Console.Error.WriteLineAsync(explanation);
            return 1;
        }
    }
}
