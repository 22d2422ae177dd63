using StockMcp.Hosting;

namespace StockMcp.AuthorizationServer.Database;

/// <summary>An SQLite database is for its owner alone: hashes of passwords and secrets, and what people own, stand in it.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // SQLite gives each file that it makes beside the database the database's own mode.
    private static readonly string[] s_besides = ["", "-wal", "-shm", "-journal"];

    /// <summary>Makes the file before SQLite would, with the umask's rights for others; or takes those away from one that is there.</summary>
    /// <exception cref="StartupException">It cannot.</exception>
    public static void Keep(string file)
    {
        try
        {
            var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) create.UnixCreateMode = OwnerAlone;
            if (!File.Exists(file)) new FileStream(file, create).Dispose();
            if (OperatingSystem.IsWindows()) return;
            foreach (var there in s_besides.Select(ending => file + ending).Where(File.Exists))
            {
                if ((File.GetUnixFileMode(there) & ~OwnerAlone) != UnixFileMode.None) File.SetUnixFileMode(there, OwnerAlone);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"The database file {file} cannot be made its owner's alone: {exception.Message.TrimEnd('.')}. Let the user that runs this own it (chown), with the mode 600.", exception);
        }
    }
}
