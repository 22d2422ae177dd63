// A whole MCP client in TypeScript's SDK: it registers itself, sends its user to sign in, remembers what it got, and calls tools.
//
//   node typescript-client.mjs http://localhost:7001/mcp memory.json auto whoami 'get_quote {"symbols":["WAYNE"]}'
//
// It prints the address to open in a browser when it needs a yes, and at the end, as JSON, the tools it found and their answers.
// The third argument says which revisions it speaks: auto (the newest that both know), legacy (2025-11-25 and older), or one of them.
import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from "@modelcontextprotocol/client";

const [url, memoryFile, mode = "auto", ...calls] = process.argv.slice(2);
const memory = existsSync(memoryFile) ? JSON.parse(readFileSync(memoryFile, "utf8")) : {};
const remember = (name, value) => {
  memory[name] = value;
  writeFileSync(memoryFile, JSON.stringify(memory), { mode: 0o600 });
};

// The browser comes back to a port of this machine.
let cameBack;
const callback = createServer((request, response) => {
  response.end("Thank you. You can close this window.");
  cameBack?.(new URL(request.url, "http://localhost").searchParams);
});
await new Promise((resolve) => callback.listen(memory.port ?? 0, "127.0.0.1", resolve));
remember("port", callback.address().port);

const provider = {
  redirectUrl: `http://127.0.0.1:${memory.port}/callback`,
  clientMetadata: {
    client_name: "TypeScript test client",
    redirect_uris: [`http://127.0.0.1:${memory.port}/callback`],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  },
  state: () => (memory.state = randomUUID()),
  clientInformation: () => memory.client,
  saveClientInformation: (client) => remember("client", client),
  tokens: () => memory.tokens,
  saveTokens: (tokens) => remember("tokens", tokens),
  codeVerifier: () => memory.verifier,
  saveCodeVerifier: (verifier) => remember("verifier", verifier),
  discoveryState: () => memory.discovery,
  saveDiscoveryState: (discovery) => remember("discovery", discovery),
  redirectToAuthorization: (authorizationUrl) => {
    provider.answer = new Promise((resolve) => (cameBack = resolve));
    console.error(`Open ${authorizationUrl}`);
  },
};

// Whatever needs a yes first is tried again after it: connecting at all, and later a tool that needs more scopes.
async function withConsent(transport, action) {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    const answer = await provider.answer;
    if (answer.get("state") !== memory.state) throw new Error("The answer belongs to another request.");
    await transport().finishAuth(answer);
    return await action();
  }
}

let client, transport;
try {
  await withConsent(() => transport, async () => {
    transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
    client = new Client({ name: "typescript-test-client", version: "1.0.0" }, { versionNegotiation: { mode: ["auto", "legacy"].includes(mode) ? mode : { pin: mode } } });
    await client.connect(transport);
  });
  const { tools } = await client.listTools();
  const answers = {};
  for (const call of calls) {
    const [name, ...json] = call.split(" ");
    answers[name] = await withConsent(() => transport, () => client.callTool({ name, arguments: json.length ? JSON.parse(json.join(" ")) : {} }));
  }
  console.log(JSON.stringify({ protocolVersion: client.getNegotiatedProtocolVersion(), tools, answers }));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await client?.close();
  callback.close();
}
