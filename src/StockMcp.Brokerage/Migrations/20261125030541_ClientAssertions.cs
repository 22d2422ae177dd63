using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace StockMcp.Brokerage.Migrations
{
    /// <inheritdoc />
    public partial class ClientAssertions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "UsedAssertion",
                columns: table => new
                {
                    Id = table.Column<byte[]>(type: "BLOB", nullable: false),
                    ExpiresAt = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_UsedAssertion", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_UsedAssertion_ExpiresAt",
                table: "UsedAssertion",
                column: "ExpiresAt");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "UsedAssertion");
        }
    }
}
