using Microsoft.AspNetCore.Http.HttpResults;
using StockMcp.AuthorizationServer.Database;

namespace StockMcp.Agent.Database;

/// <summary>A database that cannot be used now: 503, a page that says so, and nothing that was begun goes out.</summary>
internal static partial class Outages
{
    public static void UseOutages(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        try
        {
            await next(context);
        }
        catch (Exception exception) when (!context.Response.HasStarted && DatabaseOutage.Is(exception))
        {
            LogOutage(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Outages).FullName!), exception, context.Request.Path.Value ?? "/");
            context.Response.Headers.Remove("Set-Cookie");
            context.Response.Headers.RetryAfter = "5";
            await new RazorComponentResult<ProblemPage>(new { Title = "This cannot be done right now", Text = "Try again in a few seconds." }) { StatusCode = StatusCodes.Status503ServiceUnavailable }.ExecuteAsync(context);
        }
    });

    [LoggerMessage(EventId = 1, Level = LogLevel.Error, Message = "{Path} was answered with 503: the database cannot be used.")]
    private static partial void LogOutage(ILogger log, Exception exception, string path);
}
