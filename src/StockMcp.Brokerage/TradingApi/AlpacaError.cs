using System.Text.Json.Serialization;

namespace StockMcp.Brokerage.TradingApi;

/// <summary>A refusal in Alpaca's words: its code begins with the HTTP status that stands for its kind.</summary>
/// <param name="Code">The code.</param>
/// <param name="Message">What was wrong, and what would be right.</param>
internal sealed record AlpacaError(int Code, string Message)
{
    public const int MalformedBody = 40010000;
    public const int InvalidField = 40010001;
    public const int Unauthorized = 40110000;
    public const int Forbidden = 40310000;
    public const int NotFound = 40410000;
    public const int Conflict = 40910000;
    public const int Unprocessable = 42210000;
    public const int Unavailable = 50310000;

    /// <summary>Figures that belong to it.</summary>
    [JsonExtensionData]
    public IDictionary<string, object>? Details { get; init; }

    public IResult As(int status) => AlpacaJson.Result(this, status);
}

/// <summary>A request was refused where it was read.</summary>
internal sealed class AlpacaException(int status, AlpacaError error) : Exception(error.Message)
{
    public int Status => status;

    public AlpacaError Error => error;

    /// <summary>A field of a trading request cannot be.</summary>
    public static AlpacaException Field(string message) => new(StatusCodes.Status422UnprocessableEntity, new(AlpacaError.InvalidField, message));

    /// <summary>A parameter of a market data request cannot be.</summary>
    public static AlpacaException Parameter(string message) => new(StatusCodes.Status400BadRequest, new(AlpacaError.InvalidField, message));

    public static AlpacaException NotFound(string message) => new(StatusCodes.Status404NotFound, new(AlpacaError.NotFound, message));
}
