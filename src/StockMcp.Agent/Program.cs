using StockMcp.Agent.ChatModel;
using StockMcp.Agent.Chats;
using StockMcp.Agent.Database;
using StockMcp.Agent.Grants;
using StockMcp.Agent.SignIn;
using StockMcp.Agent.StartPage;
using StockMcp.Agent.StockTools;
using StockMcp.Agent.Tasks;
using StockMcp.AuthorizationServer.Database;
using StockMcp.Hosting;

namespace StockMcp.Agent;

/// <summary>An agent of our own: a chat that knows who you are, and tasks that go on while you sleep.</summary>
public static class Program
{
    /// <summary>Runs it until it is told to stop.</summary>
    public static Task<int> Main(string[] args) => ServiceHost.RunAsync(arguments => Build(arguments), args);

    /// <summary>Builds it.</summary>
    /// <param name="args">The command line's arguments.</param>
    /// <param name="configure">Runs first: what a host or a test sets in its place.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = SettingsFile.CreateBuilder("StockMcp.Agent", "agent.json", args);
        configure?.Invoke(builder);
        builder.AddServiceDefaults();
        builder.AddDatabase<AgentDbContext, PostgreSqlAgentDbContext>("agent");
        builder.AddKeysInDatabase<AgentDbContext>();
        builder.AddGrants();      // Grants/      the tokens that a person gave this agent, encrypted
        builder.AddStockTools();  // StockTools/  the tools, called for one person: over MCP, or in this process
        builder.AddSignIn();      // SignIn/      people sign in at the Authority; sessions
        builder.AddChatModel();   // ChatModel/   what answers: a model, or the command grammar
        builder.AddChats();       // Chats/       conversations, and what interrupts them: connect cards, approval cards
        builder.AddTasks();       // Tasks/       orders that wait for a price, and the worker that watches it

        var app = builder.Build();
        app.MigrateDatabase<AgentDbContext>();
        app.UseLastResort();
        app.UseTrustedProxies();
        app.UsePublicUrl();
        app.UseSecurityHeaders();
        app.UseOutages();
        app.UseSignInErrors();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseAntiforgery();
        app.MapServiceDefaults(typeof(Program).Assembly);
        app.MapStartPage();
        app.MapSignIn();
        app.MapChats();
        app.MapTasks();
        return app;
    }
}
