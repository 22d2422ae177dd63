using System.ClientModel;
using System.ClientModel.Primitives;
using Anthropic;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;
using OpenAI;
using StockMcp.Hosting;

namespace StockMcp.Agent.ChatModel;

/// <summary>What answers in chats.</summary>
/// <param name="Client">The model, or the grammar.</param>
/// <param name="Name">What people are told that answers.</param>
/// <param name="IsGrammar">Whether it is no model.</param>
/// <param name="Patience">How long one answer may take.</param>
internal sealed record AnsweringModel(IChatClient Client, string Name, bool IsGrammar, TimeSpan Patience);

/// <summary>The model by settings; without one, the command grammar behind the same interface.</summary>
public static class ChatModelExtensions
{
    private const int LongestAnswer = 2000; // tokens

    /// <summary>Adds it.</summary>
    public static void AddChatModel(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<ModelOptions>().BindConfiguration(ModelOptions.Section, binder => binder.ErrorOnUnknownConfiguration = true).ValidateDataAnnotations()
            .Validate(options => options.Provider.Length == 0 || options.Name.Length > 0, ModelOptions.Section + ":Name is not set. Set it to the model's name at the provider.").ValidateOnStart();
        var key = SecretFile.Setting(builder.Configuration.GetSection(ModelOptions.Section), nameof(ModelOptions.ApiKey));
        builder.Services.AddSingleton(services => Create(services.GetRequiredService<IOptions<ModelOptions>>().Value, key));
    }

    private static AnsweringModel Create(ModelOptions options, string? key) => options.Provider switch
    {
        "openai" => new(OpenAI(options, options.Url, Key(options, key)), options.Name, IsGrammar: false, options.Patience),
        "ollama" => new(OpenAI(options, options.Url ?? new Uri("http://localhost:11434/v1"), key ?? "ollama"), options.Name, IsGrammar: false, options.Patience),
        "anthropic" => new(Claude(options, Key(options, key)), options.Name, IsGrammar: false, options.Patience),
        _ => new(new CommandGrammar(), "command grammar", IsGrammar: true, options.Patience),
    };

    private static string Key(ModelOptions options, string? key) => key ?? throw new StartupException($"{ModelOptions.Section}:ApiKeyFile is not set. Set it to the file that holds your key at {options.Provider}.");

    private static IChatClient OpenAI(ModelOptions options, Uri? url, string key)
    {
        var client = new OpenAIClientOptions { NetworkTimeout = options.Patience, RetryPolicy = new ClientRetryPolicy(maxRetries: 1) };
        if (url is not null) client.Endpoint = url;
        return new OpenAIClient(new ApiKeyCredential(key), client).GetChatClient(options.Name).AsIChatClient();
    }

    private static IChatClient Claude(ModelOptions options, string key)
    {
        var client = options.Url is { } url ? new AnthropicClient { ApiKey = key, BaseUrl = url.AbsoluteUri.TrimEnd('/'), MaxRetries = 1, Timeout = options.Patience } : new AnthropicClient { ApiKey = key, MaxRetries = 1, Timeout = options.Patience };
        return client.AsIChatClient(options.Name, LongestAnswer);
    }
}
