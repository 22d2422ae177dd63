using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using StockMcp.Authority.SignIn;

namespace StockMcp.Authority.TradingLimits;

/// <summary>The bounds that a person set for what agents may order, whoever approves it (OX-07). Without a row there are none.</summary>
public sealed class TradingLimit
{
    /// <summary>Whose bounds.</summary>
    public required Guid PersonId { get; init; }

    /// <summary>Whether agents may order at all.</summary>
    public bool Trading { get; set; } = true;

    /// <summary>The largest total of one order, in USD.</summary>
    public decimal? LargestOrder { get; set; }

    /// <summary>The largest total of a day's orders, in USD; the day is UTC's.</summary>
    public decimal? LargestDailyTotal { get; set; }

    /// <summary>The only symbols that may be ordered, separated by spaces; all if empty.</summary>
    public string AllowedSymbols { get; set; } = "";

    /// <summary>Symbols that may not be ordered, separated by spaces.</summary>
    public string DeniedSymbols { get; set; } = "";

    /// <summary>The only symbols that may be ordered; all if there are none.</summary>
    public IReadOnlyList<string> Allowed => AllowedSymbols.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Symbols that may not be ordered.</summary>
    public IReadOnlyList<string> Denied => DeniedSymbols.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}

internal sealed class TradingLimitConfiguration : IEntityTypeConfiguration<TradingLimit>
{
    public void Configure(EntityTypeBuilder<TradingLimit> builder)
    {
        builder.ToTable("TradingLimits").HasKey(limit => limit.PersonId);
        builder.HasOne<Person>().WithMany().HasForeignKey(limit => limit.PersonId).OnDelete(DeleteBehavior.Cascade);
        builder.Ignore(limit => limit.Allowed).Ignore(limit => limit.Denied);
    }
}
