using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;

namespace StockMcp.AuthorizationServer.Errors;

/// <summary>How a refused authorization request ends: on a page of ours, never on a redirect to an address that was not verified (AS-03).</summary>
public static class ErrorPage
{
    /// <summary>Where the application's stylesheet is.</summary>
    internal sealed record Style(string Stylesheet);

    private static readonly string[] s_forPrograms = ["/connect", "/.well-known", "/me", "/v1beta1", "/v2"];

    /// <summary>Answers with an error: a page for a person, the JSON of RFC 6749, section 5.2, at the endpoints that programs call.</summary>
    public static Task WriteAsync(HttpContext context, string error, string description, int status = StatusCodes.Status400BadRequest)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Response.StatusCode = status;
        return IsForPeople(context.Request.Path) ? Render(context, error, description) : context.Response.WriteAsJsonAsync(new { error, error_description = description }, context.RequestAborted);
    }

    private static bool IsForPeople(PathString path)
        => path == AuthorizationServerExtensions.AuthorizationEndpoint || !Array.Exists(s_forPrograms, start => path.StartsWithSegments(start, StringComparison.Ordinal));

    internal static void UseErrorPages(this IApplicationBuilder app) => app.UseStatusCodePages(async status =>
    {
        var context = status.HttpContext;
        if (context.GetOpenIddictServerResponse() is { Error: { } error } response)
            await Render(context, error, response.ErrorDescription ?? "The request was refused.");
    });

    private static Task Render(HttpContext context, string error, string description)
        => new RazorComponentResult<ErrorView>(new { Error = error, Description = description, context.RequestServices.GetRequiredService<Style>().Stylesheet }) { StatusCode = context.Response.StatusCode }.ExecuteAsync(context);
}
