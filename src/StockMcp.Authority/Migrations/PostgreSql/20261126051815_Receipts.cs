using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace StockMcp.Authority.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class Receipts : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "FilledAt",
                table: "Approvals",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "SubmittedAt",
                table: "Approvals",
                type: "bigint",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "ReceiptKeys",
                columns: table => new
                {
                    Kid = table.Column<string>(type: "text", nullable: false),
                    Jwk = table.Column<string>(type: "text", nullable: false),
                    FirstUsedAt = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ReceiptKeys", x => x.Kid);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "ReceiptKeys");

            migrationBuilder.DropColumn(
                name: "FilledAt",
                table: "Approvals");

            migrationBuilder.DropColumn(
                name: "SubmittedAt",
                table: "Approvals");
        }
    }
}
