using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using StockMcp.Testing.ForeignClients;

namespace StockMcp.EndToEnd.Tests.Container;

/// <summary>Rules that Dockerfile and compose files keep.</summary>
[Requires(Tool.Node)]
[Trait("Requirement", "PX-02")]
public sealed partial class ContainerFilesTests
{
    [Fact]
    public async Task Their_linter_and_the_schema_of_compose_find_nothing()
        => (await ContainerFiles.ReadAsync()).Problems.Should().BeEmpty();

    [Fact]
    public async Task Base_images_have_a_version()
    {
        var files = await ContainerFiles.ReadAsync();
        var images = files.Dockerfile.Where(instruction => instruction.Keyword == "FROM").Select(instruction => instruction.Arguments[0])
            .Concat(files.Services.Where(service => service.Service["build"] is null).Select(service => service.Service["image"]?.GetValue<string>()).OfType<string>());
        images.Should().HaveCountGreaterThan(4).And.OnlyContain(image => Version().IsMatch(image));
    }

    [Fact]
    public async Task The_image_runs_as_a_user_without_rights()
        => (await ContainerFiles.ReadAsync()).Image.Single(instruction => instruction.Keyword == "USER").Text.Should().Be("1654:1654");

    [Fact]
    public async Task Packages_are_restored_before_the_sources_come()
    {
        var steps = (await ContainerFiles.ReadAsync()).Dockerfile.ToList();
        var restore = steps.FindIndex(step => step.Keyword == "RUN" && step.Text.Contains("dotnet restore", StringComparison.Ordinal));
        var sources = steps.FindIndex(step => step.Keyword == "COPY" && step.Arguments[0] == "src/");
        restore.Should().BePositive().And.BeLessThan(sources);
        steps[..restore].Where(step => step.Keyword == "COPY").SelectMany(step => step.Arguments.SkipLast(1)).Should().OnlyContain(file => file.EndsWith(".csproj") || file.EndsWith(".props") || file == "global.json");
        // Who works on the part is said as late as can be, so that all parts share the layers before.
        steps.FindIndex(step => step.Keyword == "ARG").Should().Be(restore - 1);
    }

    [Fact]
    public async Task Nothing_reaches_the_builder_but_what_is_let_through()
    {
        var lines = (await File.ReadAllLinesAsync(Path.Combine(Toolbox.Repository, ".dockerignore"))).Where(line => line.Length > 0 && line[0] != '#').ToList();
        lines[0].Should().Be("*");
        lines.Where(line => line[0] == '!').Should().OnlyContain(line => !line.Contains("deploy") && !line.Contains(".env") && !line.Contains(".git"));
        lines.Should().Contain(["**/bin/", "**/obj/", "**/.data/"]);
    }

    [Fact]
    public async Task No_secret_stands_in_a_variable()
    {
        var files = await ContainerFiles.ReadAsync();
        foreach (var instruction in files.Dockerfile.Where(instruction => instruction.Keyword is "ENV" or "ARG")) Secret().IsMatch(instruction.Text).Should().BeFalse(instruction.Text);
        var named = 0;
        foreach (var (file, service, settings) in files.Services)
        {
            foreach (var (name, value) in settings["environment"]?.AsObject() ?? [])
            {
                if (!Secret().IsMatch(name)) continue;
                named++;
                name.Should().MatchRegex("(File|_FILE)$", "{0} gives {1} a secret in {2}", file, service, name);
                value!.GetValue<string>().Should().StartWith("/run/secrets/");
            }
        }
        named.Should().BeGreaterThan(6);
    }

    [Fact]
    public async Task Every_container_is_read_only_without_capabilities_and_has_no_more_of_the_secrets_than_it_reads()
    {
        var files = await ContainerFiles.ReadAsync();
        foreach (var (file, name, service) in files.Services.Where(found => found.Service["image"] is not null))
        {
            var why = $"{name} in {file}";
            service["read_only"]!.GetValue<bool>().Should().BeTrue(why);
            Words(service["cap_drop"]).Should().Equal(["ALL"], why);
            Words(service["cap_add"]).Should().Equal(name == "caddy" ? ["NET_BIND_SERVICE"] : [], why);
            Words(service["security_opt"]).Should().Contain("no-new-privileges:true", why);
            foreach (var open in new[] { "privileged", "network_mode", "pid", "ipc", "devices", "userns_mode" }) service[open].Should().BeNull(why);
            if (name == "caddy") service["user"].Should().BeNull("Caddy's image owns its volumes as root, which without capabilities is a user like any other");
            else service["user"]!.GetValue<string>().Should().MatchRegex("^[1-9][0-9]*:[1-9][0-9]*$", why);
            if (name != "caddy") service["ports"].Should().BeNull("{0} is reached through Caddy only", why);
            Words(service["volumes"]).Should().NotContain(volume => volume.Contains("docker.sock"));
            var reads = service.ToJsonString() + (name == "postgres" ? await File.ReadAllTextAsync(Path.Combine(Toolbox.Repository, "deploy", "postgres-init.sh")) : "");
            foreach (var secret in Words(service["secrets"])) reads.Should().MatchRegex($"(/run/secrets|\\}})/{secret}\"", "{0} mounts it", why);
            foreach (Match read in SecretPath().Matches(service.ToJsonString())) Words(service["secrets"]).Should().Contain(read.Groups["secret"].Value, why);
        }
        Networks("postgres").Should().Equal("back");
        Networks("redis").Should().Equal("back");
        files.Compose("compose.yaml")["networks"]!["back"]!["internal"]!.GetValue<bool>().Should().BeTrue();

        IEnumerable<string> Networks(string service) => Words(files.Compose("compose.yaml")["services"]![service]!["networks"]);
    }

    [Fact]
    public async Task Every_secret_is_one_that_the_script_makes_and_none_is_made_twice()
    {
        var files = await ContainerFiles.ReadAsync();
        var folder = Directory.CreateTempSubdirectory("stockmcp-").FullName;
        var secrets = Path.Combine(folder, "secrets");
        await MakeAsync();
        var first = Directory.EnumerateFiles(secrets).ToDictionary(file => Path.GetFileName(file), File.ReadAllText);
        File.Delete(Path.Combine(secrets, "redis_connection"));
        await MakeAsync();

        Directory.EnumerateFiles(secrets).ToDictionary(file => Path.GetFileName(file), File.ReadAllText).Should().Equal(first);
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(secrets).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, "the folder is its owner's alone");
        foreach (var (name, secret) in files.Compose("compose.yaml")["secrets"]!.AsObject())
        {
            first.Should().ContainKey(name);
            secret!["file"]!.GetValue<string>().Should().Be("./deploy/secrets/" + name);
        }
        Directory.Delete(folder, recursive: true);

        async Task MakeAsync()
        {
            await using var script = ForeignProcess.Start("/bin/sh", [Path.Combine(Toolbox.Repository, "deploy", "make-secrets.sh"), secrets]);
            await script.SucceedAsync();
        }
    }

    private static IEnumerable<string> Words(JsonNode? list) => list is JsonArray array ? array.Select(word => word!.GetValue<string>()) : [];

    [GeneratedRegex("(?i)secret|password|passwd|token|credential|cachekey", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Secret();

    [GeneratedRegex(@":\d+(\.\d+)?(-[a-z-]+)?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Version();

    [GeneratedRegex("/run/secrets/(?<secret>[a-z_]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SecretPath();
}
