using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace StockMcp.Authority.Migrations
{
    /// <inheritdoc />
    public partial class Mandates : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Mandate",
                table: "AuditEntries",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "MandateId",
                table: "Approvals",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "RequestKey",
                table: "Approvals",
                type: "TEXT",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "Mandates",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    PersonId = table.Column<Guid>(type: "TEXT", nullable: false),
                    AgentId = table.Column<string>(type: "TEXT", nullable: false),
                    Details = table.Column<string>(type: "TEXT", nullable: false),
                    GrantedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    ExpiresAt = table.Column<long>(type: "INTEGER", nullable: false),
                    EndedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    BudgetCents = table.Column<long>(type: "INTEGER", nullable: false),
                    DailyCents = table.Column<long>(type: "INTEGER", nullable: false),
                    UsedCents = table.Column<long>(type: "INTEGER", nullable: false),
                    UsedOnDayCents = table.Column<long>(type: "INTEGER", nullable: false),
                    Day = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Mandates", x => x.Id);
                    table.ForeignKey(
                        name: "FK_Mandates_Person_PersonId",
                        column: x => x.PersonId,
                        principalTable: "Person",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Approvals_MandateId",
                table: "Approvals",
                column: "MandateId");

            migrationBuilder.CreateIndex(
                name: "IX_Approvals_RequestKey",
                table: "Approvals",
                column: "RequestKey",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_Mandates_PersonId_AgentId",
                table: "Mandates",
                columns: new[] { "PersonId", "AgentId" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Mandates");

            migrationBuilder.DropIndex(
                name: "IX_Approvals_MandateId",
                table: "Approvals");

            migrationBuilder.DropIndex(
                name: "IX_Approvals_RequestKey",
                table: "Approvals");

            migrationBuilder.DropColumn(
                name: "Mandate",
                table: "AuditEntries");

            migrationBuilder.DropColumn(
                name: "MandateId",
                table: "Approvals");

            migrationBuilder.DropColumn(
                name: "RequestKey",
                table: "Approvals");
        }
    }
}
