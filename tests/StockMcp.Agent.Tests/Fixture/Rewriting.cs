using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace StockMcp.Agent.Tests.Fixture;

/// <summary>Makes an application answer with another text than its own.</summary>
internal sealed class Rewriting(string path, string text, string instead) : IStartupFilter
{
    public static void AddTo(WebApplicationBuilder builder, string path, string text, string instead) => builder.Services.AddSingleton<IStartupFilter>(new Rewriting(path, text, instead));

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (context, following) =>
        {
            if (!context.Request.Path.StartsWithSegments(path, StringComparison.Ordinal))
            {
                await following(context);
                return;
            }
            var body = context.Response.Body;
            using var answer = new MemoryStream();
            context.Response.Body = answer;
            await following(context);
            context.Response.Body = body;
            context.Response.ContentLength = null;
            await context.Response.WriteAsync(Encoding.UTF8.GetString(answer.ToArray()).Replace(text, instead, StringComparison.Ordinal));
        });
        next(app);
    };
}
