using StockMcp.Server.Tests.Fixture;

namespace StockMcp.Server.Tests.Orders;

/// <summary>The card on which clients with MCP Apps show a request for an order.</summary>
public sealed class OrderCardTests(ReadingSystem fixture) : IClassFixture<ReadingSystem>
{
    private const string Uri = "ui://stockmcp/order-card";
    private readonly TestSystem system = fixture.System;

    [Fact]
    public async Task Tools_whose_answers_it_shows_name_it_and_no_others()
    {
        var tools = await system.Server.ListToolsAsync(system.Token());
        tools.Where(tool => tool!["_meta"]!["ui"] is not null).Select(tool => tool!["name"]!.GetValue<string>()).Should().Equal("place_order", "wait_for_order_approval");
        foreach (var meta in tools.Select(tool => tool!["_meta"]!).Where(meta => meta["ui"] is not null))
            (meta["ui"]!["resourceUri"]!.GetValue<string>(), meta["ui/resourceUri"]!.GetValue<string>()).Should().Be((Uri, Uri));
    }

    [Fact, Trait("Requirement", "RS-14")]
    public async Task It_is_one_page_for_all_that_loads_nothing_and_writes_text_only()
    {
        using var list = await system.Server.PostAsync(system.Token(scope: ""), ServerCopy.Message("resources/list", new { }), ("MCP-Protocol-Version", "2025-11-25"));
        var listed = (await list.ReadRpcAsync())["result"]!["resources"]!.AsArray().Should().ContainSingle().Subject!;
        (listed["uri"]!.GetValue<string>(), listed["mimeType"]!.GetValue<string>()).Should().Be((Uri, "text/html;profile=mcp-app"));

        using var read = await system.Server.PostAsync(system.Token(scope: ""), ServerCopy.Message("resources/read", new { uri = Uri }), ("MCP-Protocol-Version", "2025-11-25"));
        var content = (await read.ReadRpcAsync())["result"]!["contents"]!.AsArray().Should().ContainSingle().Subject!;
        content["mimeType"]!.GetValue<string>().Should().Be("text/html;profile=mcp-app");
        content["_meta"]!["ui"]!["csp"]!["connectDomains"]!.AsArray().Should().BeEmpty();
        var html = content["text"]!.GetValue<string>();
        html.Should().StartWith("<!DOCTYPE html>").And.Contain("ui/initialize").And.Contain("ui/open-link").And.Contain("textContent");
        html.Should().NotContainAny("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", " src=", " href=", "fetch(", "XMLHttpRequest", "@import", "url(", "localStorage");
        html.Should().NotContain("place_order", "it asks for nothing");
    }

    [Fact]
    public async Task Another_resource_is_said_not_to_exist()
    {
        using var read = await system.Server.PostAsync(system.Token(), ServerCopy.Message("resources/read", new { uri = "ui://stockmcp/other" }), ("MCP-Protocol-Version", "2025-11-25"));
        (await read.ReadRpcAsync())["error"].Should().NotBeNull();
    }
}
