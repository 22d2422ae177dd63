using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace StockMcp.Authority.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class Approvals : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Approval",
                table: "AuditEntries",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Details",
                table: "AuditEntries",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Order",
                table: "AuditEntries",
                type: "text",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "Approvals",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    AuthReqIdHash = table.Column<string>(type: "text", nullable: false),
                    PersonId = table.Column<Guid>(type: "uuid", nullable: false),
                    ClientId = table.Column<string>(type: "text", nullable: false),
                    AgentId = table.Column<string>(type: "text", nullable: false),
                    Resource = table.Column<string>(type: "text", nullable: false),
                    Scopes = table.Column<string>(type: "text", nullable: false),
                    BindingMessage = table.Column<string>(type: "text", nullable: false),
                    Details = table.Column<string>(type: "text", nullable: false),
                    Context = table.Column<string>(type: "text", nullable: true),
                    Total = table.Column<decimal>(type: "numeric", nullable: true),
                    PendingKey = table.Column<string>(type: "text", nullable: true),
                    RequestedAt = table.Column<long>(type: "bigint", nullable: false),
                    ExpiresAt = table.Column<long>(type: "bigint", nullable: false),
                    State = table.Column<int>(type: "integer", nullable: false),
                    ChangedAt = table.Column<long>(type: "bigint", nullable: false),
                    DecidedAt = table.Column<long>(type: "bigint", nullable: true),
                    Deadline = table.Column<long>(type: "bigint", nullable: true),
                    Redeemed = table.Column<bool>(type: "boolean", nullable: false),
                    NextPollAt = table.Column<long>(type: "bigint", nullable: false),
                    PollInterval = table.Column<int>(type: "integer", nullable: false),
                    LeaseEndsAt = table.Column<long>(type: "bigint", nullable: true),
                    Leases = table.Column<int>(type: "integer", nullable: false),
                    OrderId = table.Column<string>(type: "text", nullable: true),
                    OrderStatus = table.Column<string>(type: "text", nullable: true),
                    FilledQuantity = table.Column<string>(type: "text", nullable: true),
                    FilledPrice = table.Column<string>(type: "text", nullable: true),
                    Reason = table.Column<string>(type: "text", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Approvals", x => x.Id);
                    table.ForeignKey(
                        name: "FK_Approvals_Person_PersonId",
                        column: x => x.PersonId,
                        principalTable: "Person",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "StoppedAgents",
                columns: table => new
                {
                    PersonId = table.Column<Guid>(type: "uuid", nullable: false),
                    AgentId = table.Column<string>(type: "text", nullable: false),
                    Until = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_StoppedAgents", x => new { x.PersonId, x.AgentId });
                    table.ForeignKey(
                        name: "FK_StoppedAgents_Person_PersonId",
                        column: x => x.PersonId,
                        principalTable: "Person",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "TradingLimits",
                columns: table => new
                {
                    PersonId = table.Column<Guid>(type: "uuid", nullable: false),
                    Trading = table.Column<bool>(type: "boolean", nullable: false),
                    LargestOrder = table.Column<decimal>(type: "numeric", nullable: true),
                    LargestDailyTotal = table.Column<decimal>(type: "numeric", nullable: true),
                    AllowedSymbols = table.Column<string>(type: "text", nullable: false),
                    DeniedSymbols = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_TradingLimits", x => x.PersonId);
                    table.ForeignKey(
                        name: "FK_TradingLimits_Person_PersonId",
                        column: x => x.PersonId,
                        principalTable: "Person",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Approvals_AgentId_RequestedAt",
                table: "Approvals",
                columns: new[] { "AgentId", "RequestedAt" });

            migrationBuilder.CreateIndex(
                name: "IX_Approvals_AuthReqIdHash",
                table: "Approvals",
                column: "AuthReqIdHash",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Approvals_ChangedAt",
                table: "Approvals",
                column: "ChangedAt");

            migrationBuilder.CreateIndex(
                name: "IX_Approvals_PendingKey",
                table: "Approvals",
                column: "PendingKey",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Approvals_PersonId_RequestedAt",
                table: "Approvals",
                columns: new[] { "PersonId", "RequestedAt" });

            migrationBuilder.CreateIndex(
                name: "IX_Approvals_State_ExpiresAt",
                table: "Approvals",
                columns: new[] { "State", "ExpiresAt" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Approvals");

            migrationBuilder.DropTable(
                name: "StoppedAgents");

            migrationBuilder.DropTable(
                name: "TradingLimits");

            migrationBuilder.DropColumn(
                name: "Approval",
                table: "AuditEntries");

            migrationBuilder.DropColumn(
                name: "Details",
                table: "AuditEntries");

            migrationBuilder.DropColumn(
                name: "Order",
                table: "AuditEntries");
        }
    }
}
