// npm jose verifies a receipt with the published keys.
// Usage: node receipt.mjs ISSUER, with the receipt on standard input. Prints what it says as JSON.
import { text } from "node:stream/consumers";
import { createRemoteJWKSet, jwtVerify } from "jose";

const [issuer] = process.argv.slice(2);
const receipt = (await text(process.stdin)).trim();
const metadata = await (await fetch(new URL(".well-known/oauth-authorization-server", issuer))).json();
const keys = createRemoteJWKSet(new URL(metadata.receipts_jwks_uri));
const { payload, protectedHeader } = await jwtVerify(receipt, keys, { issuer: metadata.issuer, typ: "stock-receipt+jwt", algorithms: ["ES256"] });
const [head, body, signature] = receipt.split(".");
const changed = `${head}.${Buffer.from(JSON.stringify({ ...payload, sub: "somebody-else" })).toString("base64url")}.${signature}`;
let refused = null;
try {
  await jwtVerify(changed, keys, { issuer: metadata.issuer });
} catch (error) {
  refused = error.code;
}
console.log(JSON.stringify({ payload, protectedHeader, refused }));
