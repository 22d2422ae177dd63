using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using StockMcp.Hosting;

namespace StockMcp.AuthorizationServer.Tests;

public sealed class LastResortTests
{
    [Theory, Trait("Requirement", "FD-07"), Trait("Requirement", "RS-13")]
    [InlineData("Development")]
    [InlineData("Production")]
    public async Task A_mistake_of_ours_is_a_500_that_tells_nothing_of_it(string environment)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.UseLastResort();
        app.MapGet("/fails", string () => throw new InvalidOperationException("a secret of ours"));
        app.Urls.Add("http://127.0.0.1:0");
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };

        using var response = await http.GetAsync("/fails");

        response.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        (await response.Content.ReadAsStringAsync()).Should().Contain("Its operator finds it").And.NotContain("secret").And.NotContain("Exception");
    }
}
