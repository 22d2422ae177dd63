using Microsoft.Extensions.Configuration;

namespace StockMcp.Hosting;

/// <summary>The folder in which an application keeps what must outlive a restart.</summary>
public static class DataDirectory
{
    /// <summary>Reads the setting <c>DataDirectory</c> (<c>.data</c> unless set), makes the folder for its owner alone, and tries to write to it.</summary>
    /// <exception cref="StartupException">It cannot be made or written to.</exception>
    public static string From(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var path = Path.GetFullPath(configuration["DataDirectory"] is { Length: > 0 } set ? set : ".data");
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(path);
            else Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var probe = Path.Combine(path, ".writable");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
            return path;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"The data folder {path} cannot be written to ({exception.Message.TrimEnd('.')}). Give this user the right to write there, or choose another folder with the setting DataDirectory.", exception);
        }
    }
}
