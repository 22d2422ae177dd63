using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using StockMcp.Agent.Chats;
using StockMcp.Agent.Grants;
using StockMcp.Agent.SignIn;

namespace StockMcp.Agent.Tasks;

/// <summary>Orders that wait for a price: <c>/tasks</c>, and the worker.</summary>
public static class TaskExtensions
{
    /// <summary>Adds them.</summary>
    public static void AddTasks(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<TaskOptions>().BindConfiguration(TaskOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddScoped<TaskStore>();
        builder.Services.AddScoped<TaskTools>();
        builder.Services.AddScoped<TaskStep>();
        builder.Services.AddHostedService<TaskWorker>();
    }

    /// <summary>The page and what happens on it.</summary>
    public static void MapTasks(this IEndpointRouteBuilder routes)
    {
        var pages = routes.MapGroup("/tasks").RequireAuthorization();
        pages.MapGet("", async (ClaimsPrincipal user, TaskStore tasks, GrantStore grants, CancellationToken cancellationToken) => new RazorComponentResult<TaskListPage>(new
        {
            Person = ChatExtensions.NameOf(await grants.FindAsync(user.Subject(), cancellationToken)),
            Tasks = (IReadOnlyList<AgentTask>)await tasks.ListAsync(user.Subject(), cancellationToken),
        }));
        var forms = pages.MapGroup("/{id:guid}").AddEndpointFilter<RouteGroupBuilder, FormCheck>().DisableAntiforgery();
        forms.MapPost("/pause", async (Guid id, ClaimsPrincipal user, TaskStore tasks, CancellationToken cancellationToken) => Answer(await tasks.PauseAsync(user.Subject(), id, cancellationToken)));
        forms.MapPost("/resume", async (Guid id, ClaimsPrincipal user, TaskStore tasks, CancellationToken cancellationToken) => Answer(await tasks.ResumeAsync(user.Subject(), id, cancellationToken)));
        forms.MapPost("/delete", async (Guid id, ClaimsPrincipal user, TaskStore tasks, CancellationToken cancellationToken) => Answer(await tasks.DeleteAsync(user.Subject(), id, cancellationToken)));
    }

    private static IResult Answer(TaskChange change) => change switch
    {
        TaskChange.Done => Results.LocalRedirect("/tasks"),
        TaskChange.NotFound => new RazorComponentResult<ProblemPage>(new { Title = "There is no such task", Text = "It was deleted, or it is somebody else's." }) { StatusCode = StatusCodes.Status404NotFound },
        _ => new RazorComponentResult<ProblemPage>(new { Title = "This cannot be done now", Text = "The task has gone on in the meantime. While you are being asked, say no on the page of the request; look at your tasks again." }) { StatusCode = StatusCodes.Status409Conflict },
    };
}
