namespace StockMcp.Brokerage.Tests.Database;

public sealed class PrivateFileTests
{
    private const UnixFileMode OwnerAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public async Task The_database_file_is_its_owners_alone_also_one_that_was_not()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has other rights.");
        if (OperatingSystem.IsWindows()) return;
        var data = Directory.CreateTempSubdirectory("stockmcp-").FullName;
        try
        {
            var file = Path.Combine(data, "brokerage.db");
            for (var start = 1; start <= 2; start++)
            {
                await using (var brokerage = await TestBrokerage.StartAsync(data, settings: ("ConnectionStrings:brokerage", "")))
                {
                    await brokerage.OpenAccountAsync();
                    var files = Directory.GetFiles(data, "brokerage.db*").Where(name => !name.EndsWith(".starting", StringComparison.Ordinal)).ToList();
                    files.Should().Contain([file, file + "-wal"], "readers wait for no writer");
                    foreach (var name in files) File.GetUnixFileMode(name).Should().Be(OwnerAlone, name);
                }
                File.SetUnixFileMode(file, OwnerAlone | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            }
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }
}
