using Microsoft.Extensions.DependencyInjection;
using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace StockMcp.AuthorizationServer.Tests;

public sealed class ClientSecretTests
{
    [Fact]
    public async Task A_secret_that_was_right_is_wrong_from_the_moment_that_it_is_changed_and_a_wrong_one_never_becomes_right()
    {
        await using var server = await TestServer.StartAsync();
        var first = new OpenIddictApplicationDescriptor { ClientId = "server", ClientType = ClientTypes.Confidential, ClientSecret = "the first secret of this client" };
        await UseAsync(async clients => { await clients.CreateAsync(first); return true; });

        for (var time = 0; time < 3; time++)
        {
            (await IsRightAsync("the first secret of this client")).Should().BeTrue();
            (await IsRightAsync("the second secret of this client")).Should().BeFalse();
        }
        first.ClientSecret = "the second secret of this client";
        await UseAsync(async clients => { await clients.UpdateAsync((await clients.FindByClientIdAsync("server"))!, first); return true; });

        for (var time = 0; time < 3; time++)
        {
            (await IsRightAsync("the first secret of this client")).Should().BeFalse();
            (await IsRightAsync("the second secret of this client")).Should().BeTrue();
        }

        Task<bool> IsRightAsync(string secret) => UseAsync(async clients => await clients.ValidateClientSecretAsync((await clients.FindByClientIdAsync("server"))!, secret));

        async Task<bool> UseAsync(Func<IOpenIddictApplicationManager, Task<bool>> use)
        {
            await using var scope = server.Services.CreateAsyncScope();
            return await use(scope.ServiceProvider.GetRequiredService<IOpenIddictApplicationManager>());
        }
    }
}
