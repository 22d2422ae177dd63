using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using OpenIddict.Abstractions;
using StockMcp.AuthorizationServer.Errors;

namespace StockMcp.AuthorizationServer.Hardening;

/// <summary>RFC 6749, section 3.1: "Request and response parameters MUST NOT be included more than once." Two readers could take two different ones (AS-07).</summary>
internal static class RepeatedParameters
{
    public static void UseSingleParameters(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        var request = context.Request;
        try
        {
            if (request.Path.StartsWithSegments("/connect", StringComparison.OrdinalIgnoreCase) && await FindAsync(request) is { } name)
            {
                await ErrorPage.WriteAsync(context, OpenIddictConstants.Errors.InvalidRequest, $"The parameter '{name}' is given more than once.");
                return;
            }
        }
        catch (InvalidDataException)
        {
            await ErrorPage.WriteAsync(context, OpenIddictConstants.Errors.InvalidRequest, "The form cannot be read: it is cut off, has too many parameters, or characters that no parameter has.");
            return;
        }
        await next(context);
    });

    private static async Task<string?> FindAsync(HttpRequest request)
    {
        if (Repeated(request.Query) is { } inQuery) return inQuery;
        if (!HttpMethods.IsPost(request.Method) || !request.HasFormContentType) return null;
        var form = await request.ReadFormAsync(request.HttpContext.RequestAborted);
        return Repeated(form) ?? form.Keys.FirstOrDefault(request.Query.ContainsKey);
    }

    private static string? Repeated(IEnumerable<KeyValuePair<string, StringValues>> parameters)
        => parameters.FirstOrDefault(parameter => parameter.Value.Count > 1).Key;
}
