using Microsoft.Playwright;
using StockMcp.Brokerage.Users;
using StockMcp.Testing.ForeignClients;
using StockMcp.Testing.Harness;


namespace StockMcp.Testing.People;

/// <summary>What a person holds in their hands.</summary>
public enum Device
{
    /// <summary>390 points wide, touched.</summary>
    Phone,

    /// <summary>1280 points wide, with a mouse.</summary>
    Desktop,
}

/// <summary>One Chromium for all tests; each person gets a profile of their own in it.</summary>
public sealed class Browser : IAsyncDisposable
{
    private readonly Lazy<Task<(IPlaywright, IBrowser)>> chromium = new(StartAsync);

    internal async Task<BrowserPerson> OpenAsync(StockMcpSystem system, string userName, Device device, params Uri[] also)
    {
        var (_, browser) = await chromium.Value;
        var context = await browser.NewContextAsync(device == Device.Phone
            ? new() { ViewportSize = new() { Width = 390, Height = 844 }, DeviceScaleFactor = 2, IsMobile = true, HasTouch = true }
            : new() { ViewportSize = new() { Width = 1280, Height = 800 } });
        return await BrowserPerson.StartAsync(system, context, DemoUsers.All.Single(user => user.UserName == userName), also);
    }

    public async ValueTask DisposeAsync()
    {
        if (!chromium.IsValueCreated) return;
        var (playwright, browser) = await chromium.Value;
        await browser.DisposeAsync();
        playwright.Dispose();
    }

    private static async Task<(IPlaywright, IBrowser)> StartAsync()
    {
        var playwright = await Playwright.CreateAsync();
        return (playwright, await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Toolbox.Chromium,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        }));
    }
}

/// <summary>Somebody in front of a real browser. Whatever the browser complains of, and whatever leaves the system, is kept.</summary>
internal sealed class BrowserPerson : IAsyncDisposable
{
    private readonly IBrowserContext context;
    private readonly DemoUser user;
    private TaskCompletionSource<Uri> left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<string> complaints = [];

    private BrowserPerson(IBrowserContext context, IPage page, DemoUser user)
    {
        (this.context, Page, this.user) = (context, page, user);
        page.Console += (_, message) => { if (message.Type is "error" or "warning") complaints.Add(message.Text); };
        page.PageError += (_, error) => complaints.Add(error);
    }

    public IPage Page { get; }

    /// <summary>Errors of scripts, and what the browser refused: a broken content security policy, a missing file.</summary>
    public IReadOnlyList<string> Complaints => complaints;

    public static async Task<BrowserPerson> StartAsync(StockMcpSystem system, IBrowserContext context, DemoUser user, IEnumerable<Uri> also)
    {
        var person = new BrowserPerson(context, await context.NewPageAsync(), user);
        var site = system.Origins.Concat(also).Select(origin => origin.GetLeftPart(UriPartial.Authority)).ToHashSet(StringComparer.Ordinal);
        await context.RouteAsync("**/*", async route =>
        {
            var url = new Uri(route.Request.Url);
            if (site.Contains(url.GetLeftPart(UriPartial.Authority)) || url.Scheme == "data")
            {
                await route.ContinueAsync();
                return;
            }
            person.left.TrySetResult(url);
            await route.FulfillAsync(new() { ContentType = "text/html", Body = "<!DOCTYPE html><title>The app</title><p>Back at the app." });
        });
        return person;
    }

    /// <summary>Fills in the sign-in page, which the browser must be at.</summary>
    public async Task SignInAsync()
    {
        await Page.GetByLabel("User name").FillAsync(user.UserName);
        await Page.GetByLabel("Password").FillAsync(user.Password);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
    }

    /// <summary>Where the browser was sent when it left the system; asked again, when it left the next time.</summary>
    public async Task<Uri> LeaveAsync()
    {
        var url = await left.Task.WaitAsync(ForeignProcess.Patience);
        left = new(TaskCreationOptions.RunContinuationsAsynchronously);
        // Until the browser has arrived there, its way out would break off whatever the test opens next. It may have arrived unnoticed just before.
        try
        {
            await Page.WaitForURLAsync(url.AbsoluteUri, new() { Timeout = 3_000, WaitUntil = WaitUntilState.Commit });
        }
        catch (TimeoutException)
        {
            await Page.WaitForLoadStateAsync();
        }
        return url;
    }

    /// <summary>Keeps a picture of the whole page, in the folder that STOCKMCP_SCREENSHOTS names or a temporary one.</summary>
    public async Task<string> PhotographAsync(string name)
    {
        var folder = Environment.GetEnvironmentVariable("STOCKMCP_SCREENSHOTS") ?? Path.Combine(Path.GetTempPath(), "stockmcp-screenshots");
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, name + ".png");
        await Page.ScreenshotAsync(new() { Path = file, FullPage = true });
        return file;
    }

    /// <summary>Keeps a picture of what the window shows of the page.</summary>
    public async Task PhotographPartAsync(string name)
    {
        var folder = Environment.GetEnvironmentVariable("STOCKMCP_SCREENSHOTS") ?? Path.Combine(Path.GetTempPath(), "stockmcp-screenshots");
        Directory.CreateDirectory(folder);
        await Page.ScreenshotAsync(new() { Path = Path.Combine(folder, name + ".png") });
    }

    /// <summary>Whether the page can only be read by scrolling sideways.</summary>
    public Task<bool> ScrollsSidewaysAsync() => Page.EvaluateAsync<bool>("document.documentElement.scrollWidth > document.documentElement.clientWidth");

    public async ValueTask DisposeAsync() => await context.CloseAsync();
}
