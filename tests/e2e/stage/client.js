// A client on its own origin: it shows the answer of the provider, and redeems the code.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/** Every page of the client has this heading. */
export const HEADING = 'The client';

/**
 * Listens on 127.0.0.1, which is another *site* than localhost, and on the same port of localhost, which is another
 * origin of the provider's own site.
 */
export async function client() {
  const pages = new Map();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, origin);
    const sent = request.method === 'POST' ? new URLSearchParams(await text(request)) : url.searchParams;
    const answer = { path: url.pathname, method: request.method, ...Object.fromEntries(sent) };
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(page(pages.get(url.pathname) ?? `<pre id="answer">${escape(JSON.stringify(answer))}</pre>`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  const origin = `http://127.0.0.1:${port}`;
  return {
    origin,
    neighbour: `http://localhost:${port}`,
    redirectUri: `${origin}/callback`,
    /** Serves this page at a path, and returns the path. */
    put: (path, html) => (pages.set(path, html), path),
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** An authorization request with PKCE: its URL, and the redemption of its code. */
export function request(issuer, parameters) {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'web',
    scope: 'openid profile',
    state: randomBytes(8).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  });
  const redeem = async (code) => {
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: query.get('client_id'),
      redirect_uri: query.get('redirect_uri'),
      code_verifier: verifier,
      code,
    });
    const response = await fetch(`${issuer}/token`, { method: 'POST', body });
    return { status: response.status, ...(await response.json()) };
  };
  return { url: `${issuer}/authorize?${query}`, state: query.get('state'), redeem };
}

/** The claims of a token that came from the provider's own token endpoint. */
export function claims(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
}

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const page = (body) =>
  `<!doctype html><html lang="en"><title>Client</title><link rel="icon" href="data:,"><h1>${HEADING}</h1>${body}</html>`;
