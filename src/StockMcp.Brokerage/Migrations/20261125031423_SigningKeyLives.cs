using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace StockMcp.Brokerage.Migrations
{
    /// <inheritdoc />
    public partial class SigningKeyLives : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "Generation",
                table: "SigningKeys",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<long>(
                name: "SignsFrom",
                table: "SigningKeys",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.CreateIndex(
                name: "IX_SigningKeys_Generation",
                table: "SigningKeys",
                column: "Generation",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_SigningKeys_Generation",
                table: "SigningKeys");

            migrationBuilder.DropColumn(
                name: "Generation",
                table: "SigningKeys");

            migrationBuilder.DropColumn(
                name: "SignsFrom",
                table: "SigningKeys");
        }
    }
}
