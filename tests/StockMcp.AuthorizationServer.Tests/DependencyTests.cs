using System.Diagnostics;
using System.Reflection;

namespace StockMcp.AuthorizationServer.Tests;

/// <summary>Libraries that had a hole are never older than the version that mended it.</summary>
public sealed class DependencyTests
{
    [Theory, Trait("Requirement", "PX-04")]
    [InlineData("OpenIddict.Server", "7.7.0", "GHSA-925x-4h4v-2792: audiences of client assertions")]
    [InlineData("OpenIddict.Client", "7.7.0", "GHSA-925x-4h4v-2792: audiences of client assertions")]
    [InlineData("Microsoft.AspNetCore.DataProtection", "10.0.7", "CVE-2026-40372: forged payloads")]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel.Core", "10.0.0", "CVE-2025-55315: chunk extensions")]
    public void What_runs_is_not_older_than_its_mended_version(string assembly, string floor, string because)
    {
        var runs = FileVersionInfo.GetVersionInfo(Assembly.Load(assembly).Location);

        new Version(runs.FileMajorPart, runs.FileMinorPart, runs.FileBuildPart).Should().BeGreaterThanOrEqualTo(Version.Parse(floor), because);
    }
}
