using Microsoft.Extensions.Options;
using StockMcp.Authority.Database;
using StockMcp.AuthorizationServer.Database;
using StockMcp.AuthorizationServer.Keys;
using StockMcp.Hosting;

namespace StockMcp.Authority.Audit;

/// <summary><c>audit verify [--checkpoint seq.mac.time.kid.signature]</c>: checks the audit log, and says which entry is the first that is not as it was written.</summary>
internal static class AuditCommand
{
    public const string Name = "audit";
    private const string Usage = "Write: audit verify [--checkpoint seq.mac.time.kid.signature], with the settings of this application, such as --DataDirectory or --ConnectionStrings:authority.";

    /// <returns>0 if the log is whole, 1 if it is not or cannot be read.</returns>
    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            if (args is not [Name, "verify", .. var more]) throw new StartupException(Usage);
            var builder = SettingsFile.CreateBuilder("StockMcp.Authority", "authority.json", more);
            builder.Logging.ClearProviders(); // the verdict is all that it says
            var configuration = builder.Configuration;
            var checkpoint = configuration["checkpoint"] is { Length: > 0 } text ? SignedCheckpoint.Parse(text) : null;
            // A new secret would make every entry look changed.
            if (MasterSecret.Find(configuration) is not { } secret) throw new StartupException("There is no master secret where the settings say. Give the Authority's own: --DataDirectory, or --MasterSecretFile.");

            builder.Services.AddSingleton(TimeProvider.System);
            builder.Services.AddSingleton(secret);
            builder.Services.AddAuditParts();
            builder.AddDatabase<AuthorityDbContext, PostgreSqlAuthorityDbContext>("authority");
            await using var services = builder.Services.BuildServiceProvider();
            await using var scope = services.CreateAsyncScope();
            var verdict = await scope.ServiceProvider.GetRequiredService<AuditVerifier>()
                .VerifyAsync(checkpoint is null ? [] : [checkpoint], services.GetRequiredService<IOptions<AuditOptions>>().Value.Retention, CancellationToken.None);
            await Console.Out.WriteLineAsync(verdict.Words);
            return verdict.IsWhole ? 0 : 1;
        }
        catch (FormatException exception)
        {
            return await FailAsync($"--checkpoint is not one: {exception.Message}");
        }
        catch (Exception exception) when (DatabaseOutage.Is(exception))
        {
            return await FailAsync($"The database cannot be read: {exception.Message} See ConnectionStrings:authority and DataDirectory.");
        }
        catch (Exception exception) when (ServiceHost.Explain(exception) is { } explanation)
        {
            return await FailAsync(explanation);
        }
    }

    private static async Task<int> FailAsync(string why)
    {
        await Console.Error.WriteLineAsync(why.ReplaceLineEndings(" "));
        return 1;
    }
}
