using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace StockMcp.AuthorizationServer.Hardening;

/// <summary>RFC 9700, section 4.12: a redirect after a form was posted is 303, so that no browser posts the form's content to the next address (AS-05).</summary>
internal static class SeeOther
{
    public static void UseSeeOther(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.OnStarting(() =>
            {
                if (context.Response.StatusCode == StatusCodes.Status302Found) context.Response.StatusCode = StatusCodes.Status303SeeOther;
                return Task.CompletedTask;
            });
        }
        return next(context);
    });
}
