namespace StockMcp.Brokerage.Tests;

/// <summary>A test of pages: a Brokerage with its demo users, and the browsers of alice and bob, who are not signed in yet.</summary>
public abstract class BrowserTest : IAsyncLifetime
{
    internal TestBrokerage Brokerage { get; private set; } = null!;

    internal TestApp App { get; private set; } = null!;

    internal Browser Alice { get; private set; } = null!;

    internal Browser Bob { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Brokerage = await TestApp.StartBrokerageAsync();
        (App, Alice, Bob) = (new TestApp(Brokerage), new Browser(Brokerage), new Browser(Brokerage));
    }

    public async ValueTask DisposeAsync()
    {
        Alice.Dispose();
        Bob.Dispose();
        App.Dispose();
        await Brokerage.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}
