using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Http.HttpResults;

namespace StockMcp.Authority.SignIn;

/// <summary>A sign-in that failed at the connection, or was not ours, ends on a page that says so.</summary>
internal static class SignInErrors
{
    public static void UseSignInErrors(this IApplicationBuilder app) => app.UseStatusCodePages(async status =>
    {
        var context = status.HttpContext;
        if (context.GetOpenIddictClientResponse() is { Error: { } error })
        {
            var text = error == "access_denied" ? "You did not connect your account, so nothing was allowed. Go back to the app to try again." : $"The sign-in did not complete ({error}). Go back to the app and start again, in one browser that keeps cookies.";
            await new RazorComponentResult<ProblemPage>(new { Title = "You are not signed in", Text = text }) { StatusCode = context.Response.StatusCode }.ExecuteAsync(context);
        }
    });
}
