using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using StockMcp.Agent.SignIn;
using StockMcp.Agent.StockTools;
using StockMcp.Hosting;

namespace StockMcp.Agent.Tasks;

/// <summary>
/// One look at a task, by the worker that took it: the price, then the person, then what became of the order. What is about to be done is stored before it is done, so that
/// whoever comes after a crash does it under the same id, and it is the same.
/// </summary>
internal sealed class TaskStep(TaskStore tasks, IStockTools tools, IOptions<TaskOptions> options, IOptions<AuthorityOptions> authority, TimeProvider time)
{
    private static readonly TimeSpan s_lookAfterAsking = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_lookAfterFlood = TimeSpan.FromMinutes(1);

    public async Task RunAsync(AgentTask task, CancellationToken cancellationToken)
    {
        var next = options.Value.LookEvery;
        if (task.State == TaskState.Watching)
        {
            if (task.CreatedAt + AgentTask.Longest < time.GetUtcNow()) End(task, "Thirty days are over. Nothing was ordered.");
            else if (await IsMetAsync(task, cancellationToken))
            {
                task.RequestId ??= $"task-{task.Id:N}";
                task.State = TaskState.Asking;
                // If this cannot be saved, the person paused or deleted it in the meantime, and nobody is asked.
                if (!await tasks.SaveAsync(task, next, letGo: false, cancellationToken)) return;
            }
        }
        if (task.State == TaskState.Asking) next = await AskAsync(task, cancellationToken);
        else if (task.State == TaskState.Waiting) next = await FollowAsync(task, cancellationToken);
        await tasks.SaveAsync(task, next, letGo: true, cancellationToken);
    }

    private async Task<bool> IsMetAsync(AgentTask task, CancellationToken cancellationToken)
    {
        switch (await tools.CallAsync(task.Subject, "get_quote", new() { ["symbol"] = task.Symbol }, cancellationToken))
        {
            case ToolAnswer.Done(var data, _) when decimal.TryParse((string?)data[task.Side == "buy" ? "ask" : "bid"], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var price):
                if (!task.IsMetBy(price)) return false;
                task.Tell(time.GetUtcNow(), $"The price is {AgentTask.Figure(price)}: you are asked.");
                return true;
            case ToolAnswer.Refused { Code: "not_found" }:
                End(task, $"There is no share {task.Symbol}. Nothing was ordered.");
                return false;
            case ToolAnswer.Refused refused:
                task.Tell(time.GetUtcNow(), $"The price cannot be read now: {Short(refused.Message)} It is tried again.");
                return false;
            case ToolAnswer.SignInNeeded:
                Need(task, "/sign-in?returnUrl=/tasks", "You signed this agent out, or its sign-in ran out. Sign in again, then tell it to go on.");
                return false;
            case ToolAnswer.ConnectNeeded(var uri, var message):
                Need(task, uri, Short(message));
                return false;
            default:
                task.Tell(time.GetUtcNow(), "The price cannot be read now. It is tried again.");
                return false;
        }
    }

    private async Task<TimeSpan> AskAsync(AgentTask task, CancellationToken cancellationToken)
    {
        var order = new JsonObject
        {
            ["symbol"] = task.Symbol,
            ["side"] = task.Side,
            ["quantity"] = AgentTask.Figure(task.Quantity),
            ["order_type"] = "limit",
            ["limit_price"] = AgentTask.Figure(task.LimitPrice),
            ["request_id"] = task.RequestId,
            ["wait_seconds"] = 0,
        };
        switch (await tools.CallAsync(task.Subject, ToolCatalog.PlaceOrder, order, cancellationToken))
        {
            case ToolAnswer.Done(var data, _):
                (task.ApprovalId, task.Code, task.State) = ((string?)data["approval_id"], (string?)data["code"], TaskState.Waiting);
                task.Link = authority.Value.Owns((string?)data["approval_url"]) ? (string?)data["approval_url"] : null;
                task.Tell(time.GetUtcNow(), $"You were asked, with the code {task.Code}.");
                Settle(task, data);
                return s_lookAfterAsking;
            case ToolAnswer.ConnectNeeded(var uri, var message):
                Need(task, uri, $"The price was met, but your account has to be connected: {Short(message)} Then tell it to go on.");
                break;
            case ToolAnswer.ScopesNeeded:
                Need(task, "/sign-in?returnUrl=/tasks", "The price was met, but you have not allowed this agent to ask for orders. Allow it, then tell it to go on.");
                break;
            case ToolAnswer.SignInNeeded:
                Need(task, "/sign-in?returnUrl=/tasks", "The price was met, but you signed this agent out, or its sign-in ran out. Sign in again, then tell it to go on.");
                break;
            case ToolAnswer.Refused { Code: "too_many_requests" } refused:
                task.Tell(time.GetUtcNow(), $"You could not be asked: {Short(refused.Message)} It is tried again in a minute.");
                return s_lookAfterFlood;
            case ToolAnswer.Refused { Retry: true } refused:
                // Whether they were asked is not known; asked again under the same id, it is the same request.
                task.Tell(time.GetUtcNow(), $"You could not be asked, or that is not known: {Short(refused.Message)} It is tried again.");
                break;
            case ToolAnswer.Refused refused:
                End(task, $"You were not asked: {Short(refused.Message)}");
                break;
        }
        return options.Value.LookEvery;
    }

    private async Task<TimeSpan> FollowAsync(AgentTask task, CancellationToken cancellationToken)
    {
        switch (await tools.CallAsync(task.Subject, ToolCatalog.GetOrderApproval, new() { ["approval_id"] = task.ApprovalId }, cancellationToken))
        {
            case ToolAnswer.Done(var data, _):
                Settle(task, data);
                break;
            case ToolAnswer.SignInNeeded or ToolAnswer.ScopesNeeded:
                Need(task, "/sign-in?returnUrl=/tasks", "You signed this agent out, or its sign-in ran out, so it cannot see what became of the request. What you approved goes on without it. Sign in again, then tell it to go on.");
                break;
            case ToolAnswer.Refused { Code: "not_found" }:
                End(task, "The request is not known any more. Look at your orders to see whether one was placed.");
                break;
            case ToolAnswer.Refused refused:
                task.Tell(time.GetUtcNow(), $"Where the request stands cannot be seen now: {Short(refused.Message)} It is looked at again.");
                break;
            case ToolAnswer.ConnectNeeded(_, var message):
                task.Tell(time.GetUtcNow(), $"Where the request stands cannot be seen now: {Short(message)} It is looked at again.");
                break;
        }
        return s_lookAfterAsking < options.Value.LookEvery ? s_lookAfterAsking : options.Value.LookEvery;
    }

    private void Settle(AgentTask task, JsonObject approval)
    {
        var (status, now) = ((string?)approval["status"], time.GetUtcNow());
        var why = (string?)approval["reason"] is { Length: > 0 } reason ? $" ({Short(reason)})" : "";
        switch (status)
        {
            case "placed":
                var order = approval["order"];
                (task.State, task.OrderId) = (TaskState.Placed, (string?)order?["order_id"]);
                task.Tell(now, $"You said yes, and the order was placed: {Short((string?)order?["order_id"] ?? "")}, {Short((string?)order?["status"] ?? "its state is not known yet")}.");
                break;
            case "executing":
                task.Tell(now, "You said yes. The order is on its way.");
                break;
            case "unknown":
                task.Tell(now, "You said yes. Whether the broker has the order is not known yet; it is looked up.");
                break;
            case "denied":
                End(task, "You said no. Nothing was ordered.");
                break;
            case "expired":
                End(task, "You did not answer in time. Nothing was ordered.");
                break;
            case "cancelled":
                End(task, "You took your yes back. Nothing was ordered.");
                break;
            case "rejected":
                End(task, $"You said yes, but the broker did not take the order{why}. Nothing was bought or sold.");
                break;
            case "not_placed":
                End(task, $"You said yes, but the order did not go out, and will not{why}.");
                break;
        }
    }

    private void Need(AgentTask task, string link, string why)
    {
        (task.State, task.Link) = (TaskState.NeedsYou, link);
        task.Tell(time.GetUtcNow(), why);
    }

    private void End(AgentTask task, string why)
    {
        task.State = TaskState.Ended;
        task.Tell(time.GetUtcNow(), why);
    }

    private static string Short(string text)
    {
        var clean = VisibleText.Of(text);
        return clean.Length > 300 ? clean[..300] + "…" : clean;
    }
}
