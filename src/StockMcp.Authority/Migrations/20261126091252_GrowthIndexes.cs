using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace StockMcp.Authority.Migrations
{
    /// <inheritdoc />
    public partial class GrowthIndexes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_SelfRegistration_LastUsedAt",
                table: "SelfRegistration");

            migrationBuilder.CreateIndex(
                name: "IX_SelfRegistration_LastUsedAt_RegisteredAt",
                table: "SelfRegistration",
                columns: new[] { "LastUsedAt", "RegisteredAt" });

            migrationBuilder.CreateIndex(
                name: "IX_OpenIddictTokens_Subject",
                table: "OpenIddictTokens",
                column: "Subject");

            migrationBuilder.CreateIndex(
                name: "IX_OpenIddictAuthorizations_Subject",
                table: "OpenIddictAuthorizations",
                column: "Subject");

            migrationBuilder.CreateIndex(
                name: "IX_Mandates_AgentId",
                table: "Mandates",
                column: "AgentId");

            migrationBuilder.CreateIndex(
                name: "IX_AuditCheckpoints_Time",
                table: "AuditCheckpoints",
                column: "Time");

            migrationBuilder.CreateIndex(
                name: "IX_AgentConsent_ClientId",
                table: "AgentConsent",
                column: "ClientId");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_SelfRegistration_LastUsedAt_RegisteredAt",
                table: "SelfRegistration");

            migrationBuilder.DropIndex(
                name: "IX_OpenIddictTokens_Subject",
                table: "OpenIddictTokens");

            migrationBuilder.DropIndex(
                name: "IX_OpenIddictAuthorizations_Subject",
                table: "OpenIddictAuthorizations");

            migrationBuilder.DropIndex(
                name: "IX_Mandates_AgentId",
                table: "Mandates");

            migrationBuilder.DropIndex(
                name: "IX_AuditCheckpoints_Time",
                table: "AuditCheckpoints");

            migrationBuilder.DropIndex(
                name: "IX_AgentConsent_ClientId",
                table: "AgentConsent");

            migrationBuilder.CreateIndex(
                name: "IX_SelfRegistration_LastUsedAt",
                table: "SelfRegistration",
                column: "LastUsedAt");
        }
    }
}
