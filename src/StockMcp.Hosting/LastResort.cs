using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace StockMcp.Hosting;

/// <summary>What happens to an exception that nobody foresaw (FD-07): it is logged, and the answer says nothing of it, in Development either.</summary>
public static class LastResort
{
    /// <summary>Adds it. Call it first. A form or a body that cannot be read at all is its sender's mistake, and a 400.</summary>
    public static void UseLastResort(this IApplicationBuilder app) => app.UseExceptionHandler(new ExceptionHandlerOptions
    {
        StatusCodeSelector = StatusOf,
        SuppressDiagnosticsCallback = failure => StatusOf(failure.Exception) < StatusCodes.Status500InternalServerError,
        ExceptionHandler = context =>
        {
            context.Response.ContentType = "text/plain; charset=utf-8";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            return context.Response.WriteAsync(
                context.Response.StatusCode >= StatusCodes.Status500InternalServerError
                    ? $"Something failed here that was not foreseen. Its operator finds it in the log under {context.TraceIdentifier}."
                    : "This request cannot be read, or its form was not made for this browser. Go back, reload the page, and try again.",
                context.RequestAborted);
        },
    });

    private static int StatusOf(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is BadHttpRequestException bad) return bad.StatusCode;
            if (cause is InvalidDataException) return StatusCodes.Status400BadRequest; // a form with too many fields, or cut off
        }
        return StatusCodes.Status500InternalServerError;
    }
}
