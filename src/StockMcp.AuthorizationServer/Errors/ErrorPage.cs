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

    /// <summary>Answers 400: a page for a person at the authorization endpoint, the JSON of RFC 6749, section 5.2, elsewhere.</summary>
    public static Task WriteAsync(HttpContext context, string error, string description)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        if (context.Request.Path == AuthorizationServerExtensions.AuthorizationEndpoint) return Render(context, error, description);
        return context.Response.WriteAsJsonAsync(new { error, error_description = description }, context.RequestAborted);
    }

    internal static void UseErrorPages(this IApplicationBuilder app) => app.UseStatusCodePages(async status =>
    {
        var context = status.HttpContext;
        if (context.GetOpenIddictServerResponse() is { Error: { } error } response)
            await Render(context, error, response.ErrorDescription ?? "The request was refused.");
    });

    private static Task Render(HttpContext context, string error, string description)
        => new RazorComponentResult<ErrorView>(new { Error = error, Description = description, context.RequestServices.GetRequiredService<Style>().Stylesheet }) { StatusCode = context.Response.StatusCode }.ExecuteAsync(context);
}
