using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using StockMcp.Authority.Approvals;
using StockMcp.Authority.SignIn;
using StockMcp.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace StockMcp.Authority.Receipts;

/// <summary>Signed receipts of placed orders: who asked, through which agent, what allowed it, the exact terms, the broker's answer, and the line in the audit log.</summary>
public static class ReceiptExtensions
{
    /// <summary>Where the keys are that signed receipts; also under <c>receipts_jwks_uri</c> in the metadata.</summary>
    public const string KeysPath = "/receipts/jwks.json";

    /// <summary>Adds the issuer, and what the metadata says of it.</summary>
    public static void AddReceipts(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddScoped<ReceiptIssuer>();
        builder.Services.AddOpenIddict().AddServer(server => server.AddEventHandler(Metadata.Descriptor));
    }

    internal static string PageOf(Guid approvalId) => $"{ApprovalExtensions.PageOf(approvalId)}/receipt";

    /// <summary>A person's own receipts, those that their agent may read, and the keys.</summary>
    public static void MapReceipts(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/approvals/{id:guid}/receipt", DownloadAsync).RequireAuthorization();
        routes.MapGet(ApprovalExtensions.Path + "/{id:guid}/receipt", ReadAsync).RequireAuthorization(ApprovalExtensions.Policy);
        routes.MapGet(KeysPath, async (HttpContext context, ReceiptIssuer issuer, CancellationToken cancellationToken) =>
        {
            // They are public, and tools that run in web pages read them, too.
            context.Response.Headers.AccessControlAllowOrigin = "*";
            context.Response.Headers.CacheControl = "public, max-age=300";
            return TypedResults.Text(await issuer.KeysAsync(cancellationToken), "application/jwk-set+json");
        });
    }

    private static async Task<IResult> DownloadAsync(Guid id, ClaimsPrincipal user, ApprovalStore approvals, ReceiptIssuer issuer, CancellationToken cancellationToken)
        => await approvals.FindAsync(id, cancellationToken) is { } approval && approval.PersonId == user.PersonId() && await issuer.IssueAsync(approval, cancellationToken) is { } receipt
            ? Results.File(Encoding.ASCII.GetBytes(receipt), "application/jose", $"receipt-{id}.jws")
            : new RazorComponentResult<ProblemPage>(new { Title = "There is no receipt here", Text = "There is one for each order of yours that was placed. Open the request again." }) { StatusCode = StatusCodes.Status404NotFound };

    private static async Task<Results<Ok<ApprovalsApi.ReceiptAnswer>, NotFound<ApprovalsApi.Problem>>> ReadAsync(Guid id, string? sub, string? client_id, HttpContext context, ApprovalStore approvals, ReceiptIssuer issuer, PublicUrl publicUrl, CancellationToken cancellationToken)
        => await approvals.FindAsync(id, cancellationToken) is { } approval && approval.ClientId == context.User.GetClaim(Claims.ClientId) && approval.PersonId.ToString() == sub && approval.AgentId == client_id
            && await issuer.IssueAsync(approval, cancellationToken) is { } receipt
            ? TypedResults.Ok(new ApprovalsApi.ReceiptAnswer(receipt, publicUrl.Value.AbsoluteUri, publicUrl.At(KeysPath)))
            : TypedResults.NotFound(new ApprovalsApi.Problem("not_found", "There is no such approval of this person with this agent, or its order was not placed."));

    private sealed class Metadata(PublicUrl publicUrl) : IOpenIddictServerHandler<HandleConfigurationRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } = OpenIddictServerHandlerDescriptor.CreateBuilder<HandleConfigurationRequestContext>()
            .UseSingletonHandler<Metadata>().SetOrder(int.MaxValue - 1000).SetType(OpenIddictServerHandlerType.Custom).Build();

        public ValueTask HandleAsync(HandleConfigurationRequestContext context)
        {
            context.Metadata["receipts_jwks_uri"] = publicUrl.At(KeysPath);
            return ValueTask.CompletedTask;
        }
    }
}
