// FastMCP for TypeScript as its README sets it up: HTTP streaming, stateless, with authenticate.
import { FastMCP } from 'fastmcp';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { z } from 'zod';

const [port, issuer, answer] = [Number(process.argv[2]), process.argv[3], JSON.parse(process.argv[4])];
const resource = `http://localhost:${port}/mcp`;
const keys = createRemoteJWKSet(new URL('jwks', issuer));
const server = new FastMCP({
  name: 'peer',
  version: '1.0.0',
  authenticate: async (request) => {
    const header = request.headers.authorization;
    if (!header?.startsWith('Bearer ')) throw new Response(null, { status: 401, statusText: 'Missing or invalid authorization header' });
    try {
      const { payload } = await jwtVerify(header.slice(7), keys, { issuer, audience: resource, algorithms: ['ES256'] });
      return { subject: payload.sub, scopes: (payload.scope ?? '').split(' ') };
    } catch {
      throw new Response(null, { status: 401, statusText: 'Invalid token' });
    }
  },
});
server.addTool({ name: 'get_quote', description: 'The price of a stock.', parameters: z.object({ symbol: z.string() }), execute: async () => answer });
await server.start({ transportType: 'httpStream', httpStream: { port, host: '127.0.0.1', endpoint: '/mcp', stateless: true } });
console.log('ready');
