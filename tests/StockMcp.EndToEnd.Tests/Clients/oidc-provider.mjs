// An OpenID provider that others wrote: npm oidc-provider, with what docs/providers/oidc-provider.md asks for.
// Usage: node oidc-provider.mjs PORT OPTIONS. OPTIONS is JSON: registration (whether clients register themselves), resource (the MCP server's URL, if it is to know it), clients (those it knows).
// With a resource, it asks people for orders, too: CIBA and authorization details, and the page /approvals where they answer.
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

// What people were asked and have not answered, by the request's id. Approvals take what was asked for, member by member: a provider that shows less than it grants is none.
const asked = new Map();
const members = ["type", "account", "symbol", "side", "quantity", "order_type", "limit_price", "stop_price", "time_in_force", "currency", "max_total"];
const checkOrder = (_, order) => {
  if (Object.entries(order).some(([name, value]) => !members.includes(name) || typeof value !== "string")) throw new errors.InvalidAuthorizationDetails("a member is not known, or no text");
};

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
    ciba: {
      enabled: Boolean(resource),
      processLoginHint: (_, hint) => hint,
      verifyUserCode: () => {},
      validateRequestContext: () => {},
      triggerAuthenticationDevice: (_, request) => { asked.set(request.jti, request); },
    },
    richAuthorizationRequests: {
      enabled: Boolean(resource),
      types: { stock_order: { validate: checkOrder } },
      authorizationDetailsForGrantSource: (_, source) => source.rar,
      authorizationDetailsForAccessToken: (_, token, source) => source.rar,
      authorizationDetailsForIntrospection: (_, token) => token.rar,
    },
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
  const rar = payload.authorization_details; // a token for one order is exchanged for one for the same order
  const token = new provider.AccessToken({ accountId: payload.sub, client: ctx.oidc.client, scope, gty: "token_exchange", rar });
  ctx.body = { access_token: await token.save(), issued_token_type: "urn:ietf:params:oauth:token-type:access_token", token_type: "Bearer", expires_in: token.expiration, scope, authorization_details: rar };
}, ["subject_token", "subject_token_type", "requested_token_type", "audience", "scope"]);

// Where people answer. Who sits in front of it is known by their session, as everywhere here.
async function answer(request, response) {
  const cookies = new Map((request.headers.cookie ?? "").split("; ").map((cookie) => cookie.split("=", 2)));
  const { accountId } = (await provider.Session.find(cookies.get("_session") ?? "")) ?? {};
  const own = [...asked.values()].filter((one) => one.accountId === accountId);
  if (request.method === "POST") {
    let body = "";
    for await (const part of request) body += part;
    const form = new URLSearchParams(body);
    const one = own.find(({ jti }) => jti === form.get("id"));
    if (!one) { response.statusCode = 404; return response.end(); }
    asked.delete(one.jti);
    if (form.get("answer") !== "yes") await provider.backchannelResult(one, new errors.AccessDenied());
    else {
      const grant = new provider.Grant({ accountId, clientId: one.clientId });
      grant.addOIDCScope("openid");
      grant.addResourceScope(resource, "orders:write");
      await grant.save();
      await provider.backchannelResult(one, grant, { rar: JSON.parse(one.params.authorization_details) });
    }
    return response.writeHead(303, { location: "/approvals" }).end();
  }
  const text = (value) => value.replace(/[<>&"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  response.setHeader("content-type", "text/html; charset=utf-8");
  return response.end(`<!DOCTYPE html><html lang="en"><body><main>${own.map(({ jti, params }) => `<form method="post"><h2>${text(params.binding_message)}</h2><p>${text(params.authorization_details)}</p>
    <input type="hidden" name="id" value="${text(jti)}"><button name="answer" value="yes">Approve</button><button name="answer" value="no">Deny</button></form>`).join("")}</main></body></html>`);
}

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
  const page = request.url === "/approvals" ? answer : request.url.startsWith("/interaction/") ? interact : undefined;
  if (page) page(request, response).catch((error) => { console.error(error); response.statusCode = 500; response.end(); });
  else callback(request, response);
}).listen(Number(port), "localhost", () => console.log("listening"));
