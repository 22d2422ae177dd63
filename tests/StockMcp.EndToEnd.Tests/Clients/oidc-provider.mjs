// An OpenID provider that others wrote: npm oidc-provider, with what docs/providers/oidc-provider.md asks for.
// Usage: node oidc-provider.mjs PORT OPTIONS. OPTIONS is JSON: registration (whether clients register themselves), resource (the MCP server's URL, if it is to know it), clients (those it knows).
// Prints "listening" when it serves. What it refuses is a line.
import { createServer } from "node:http";
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from "jose";
import Provider, { errors } from "oidc-provider";

const [port, json] = process.argv.slice(2);
const { registration, resource, clients } = JSON.parse(json);
const issuer = `http://localhost:${port}`;
const scopes = "portfolio:read orders:read orders:write";
const { privateKey } = await generateKeyPair("ES256", { extractable: true });
const key = { ...(await exportJWK(privateKey)), kid: "op-1", alg: "ES256", use: "sig" };

const provider = new Provider(issuer, {
  clients,
  jwks: { keys: [key] },
  scopes: [...new Set(["openid", "offline_access", "profile", "account:read", "orders:read", "trading", ...(resource ? scopes.split(" ") : [])])], // clients register with those of the MCP server, too
  claims: { openid: ["sub"], profile: ["name"] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: "Alice Liddell" }) }),
  issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
  pkce: { required: () => registration },
  clientDefaults: { id_token_signed_response_alg: "ES256" },
  cookies: { keys: ["for this test alone"] },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  features: {
    devInteractions: { enabled: false },
    registration: { enabled: registration },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: Boolean(resource),
      getResourceServerInfo: (_, indicator) => {
        if (indicator !== resource) throw new errors.InvalidTarget();
        return { scope: scopes, audience: resource, accessTokenFormat: "jwt", accessTokenTTL: 600, jwt: { sign: { alg: "ES256" } } };
      },
      useGrantedResource: () => true,
    },
  },
});
provider.on("server_error", (_, error) => console.error(error));
provider.on("grant.error", (ctx, error) => console.error(error.message, error.error_detail ?? ""));

// RFC 8693, which it has not by itself: registerGrantType is its way to add one. The MCP server gives a token that is addressed to it, and gets one for the broker.
const TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
const publicKeys = createLocalJWKSet({ keys: [{ ...key, d: undefined }] });
provider.registerGrantType(TokenExchange, async (ctx) => {
  const { subject_token: subjectToken, audience, scope } = ctx.oidc.params;
  if (audience !== "brokerage") throw new errors.InvalidTarget();
  const { payload } = await jwtVerify(subjectToken, publicKeys, { issuer, audience: resource, typ: "at+jwt" }).catch(() => { throw new errors.InvalidGrant("the subject token is not good here"); });
  if (scope.split(" ").some((asked) => !payload.scope.split(" ").includes(asked))) throw new errors.InvalidScope("more than the subject token has", scope);
  const token = new provider.AccessToken({ accountId: payload.sub, client: ctx.oidc.client, scope, gty: "token_exchange" });
  ctx.body = { access_token: await token.save(), issued_token_type: "urn:ietf:params:oauth:token-type:access_token", token_type: "Bearer", expires_in: token.expiration, scope };
}, ["subject_token", "subject_token_type", "requested_token_type", "audience", "scope"]);

// One page for each step, for people without script.
async function interact(request, response) {
  const { uid, prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (request.method === "GET") {
    const fields = prompt.name === "login" ? '<input name="login" autocomplete="username"><input name="password" type="password">' : "";
    response.setHeader("content-type", "text/html; charset=utf-8");
    return response.end(`<!DOCTYPE html><html lang="en"><body><main><h1>${prompt.name}</h1><form method="post" action="/interaction/${uid}">${fields}<button>Continue</button></form></main></body></html>`);
  }
  if (prompt.name === "login") {
    let body = "";
    for await (const part of request) body += part;
    return provider.interactionFinished(request, response, { login: { accountId: new URLSearchParams(body).get("login") } });
  }
  const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(" "));
  for (const [indicator, missing] of Object.entries(prompt.details.missingResourceScopes ?? {})) grant.addResourceScope(indicator, missing.join(" "));
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

const callback = provider.callback();
createServer((request, response) => {
  if (request.url.startsWith("/interaction/")) interact(request, response).catch((error) => { console.error(error); response.statusCode = 500; response.end(); });
  else callback(request, response);
}).listen(Number(port), "localhost", () => console.log("listening"));
