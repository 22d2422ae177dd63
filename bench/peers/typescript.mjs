// The TypeScript SDK as its README sets it up: express app, bearer check with jose, a server and a transport for each request.
import { createMcpExpressApp, requireBearerAuth } from '@modelcontextprotocol/express';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { McpServer } from '@modelcontextprotocol/server';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as z from 'zod';

const [port, issuer, answer] = [Number(process.argv[2]), process.argv[3], JSON.parse(process.argv[4])];
const resource = `http://localhost:${port}/mcp`;
const keys = createRemoteJWKSet(new URL('jwks', issuer));
const verifier = {
  async verifyAccessToken(token) {
    const { payload } = await jwtVerify(token, keys, { issuer, audience: resource, algorithms: ['ES256'] });
    return { token, clientId: payload.client_id, scopes: (payload.scope ?? '').split(' '), expiresAt: payload.exp };
  },
};

const app = createMcpExpressApp();
app.post('/mcp', requireBearerAuth({ verifier }), async (req, res) => {
  const server = new McpServer({ name: 'peer', version: '1.0.0' });
  server.registerTool('get_quote', { description: 'The price of a stock.', inputSchema: z.object({ symbol: z.string() }) }, async () => answer);
  const transport = new NodeStreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  res.on('close', () => { transport.close(); server.close(); });
  await server.connect(transport);
  await transport.handleRequest(req, res, req.body);
});
app.listen(port, '127.0.0.1', () => console.log('ready'));
