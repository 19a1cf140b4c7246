// Other providers, each a mock that answers as its documentation says. They listen on 127.0.0.1, which is another *site* than localhost.

import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

const TENANT = '5ab1e7e5-0000-4000-8000-00000000000a';

/** What is special about each preset: its issuer, what its metadata says, and the claims of its user. */
const KINDS = {
  openid: { claims: { name: 'Dana Openid' } },
  entra: {
    path: `/${TENANT}/v2.0`,
    claims: { name: 'Dana Entra', tid: TENANT, email: 'dana@corp.example' },
  },
  google: { claims: { name: 'Dana Google', email: 'dana@gmail.com', email_verified: true } },
  github: { claims: { name: 'Dana Github' } },
  apple: { claims: { email: 'x7@privaterelay.appleid.com', email_verified: 'true' } },
};

export const PRESETS = Object.keys(KINDS);

/** A provider of this kind; `logouts` are the addresses at which a logout was asked for. */
export async function upstream(preset) {
  const { path = '', claims } = KINDS[preset];
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const codes = new Map();
  const logouts = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, origin);
    const json = (value) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    const html = (body) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(`<!doctype html><html lang="en"><title>Mock</title><link rel="icon" href="data:,"><h1>Mock of ${preset}</h1>${body}`);
    };
    switch (url.pathname) {
      case `${path}/.well-known/openid-configuration`:
        return json(metadata());
      case '/jwks':
        return json({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' }] });
      case '/authorize':
      case '/login/oauth/authorize':
        return html(page(url.searchParams));
      case '/token':
      case '/login/oauth/access_token':
        return json(tokens(new URLSearchParams(await text(request))));
      case '/api/v3/user':
        return json({ id: 7, login: 'dana-hub', name: claims.name });
      case '/api/v3/user/emails':
        return json([]);
      case '/end_session':
        logouts.push(url);
        return html(`<a href="${url.searchParams.get('post_logout_redirect_uri')}?state=${url.searchParams.get('state')}">Back</a>`);
      default:
        response.writeHead(404);
        return response.end();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;
  const issuer = `${origin}${path}`;

  const metadata = () => ({
    issuer,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    jwks_uri: `${origin}/jwks`,
    end_session_endpoint: `${origin}/end_session`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['S256'],
  });

  const newCode = (asked, user) => {
    const code = `code-${codes.size}`;
    codes.set(code, { nonce: asked.get('nonce'), ...user });
    return code;
  };

  /** The page on which the user agrees. Apple posts its answer, with the name of the user at the first time. */
  const page = (asked) => {
    const [uri, state] = [asked.get('redirect_uri'), asked.get('state')];
    const code = newCode(asked, claims);
    if (asked.get('response_mode') !== 'form_post') {
      const back = (one) => `${uri}?${new URLSearchParams({ code: one, state })}`;
      const alice = newCode(asked, { sub: 'alice', email: 'alice@example.test', email_verified: true });
      return `<p><a href="${back(code)}">Continue</a></p><p><a href="${back(alice)}">As Alice</a></p>`;
    }
    const user = JSON.stringify({ name: { firstName: 'Dana', lastName: 'Apple' } }).replaceAll('"', '&quot;');
    return `<form method="post" action="${uri}"><input type="hidden" name="code" value="${code}"><input type="hidden" name="state" value="${state}">
      <input type="hidden" name="user" value="${user}"><button>Continue</button></form>`;
  };

  const tokens = (form) => {
    const now = Math.floor(Date.now() / 1000);
    const user = codes.get(form.get('code'));
    const payload = { iss: issuer, sub: 'dana', aud: 'cardea', iat: now, exp: now + 300, auth_time: now, ...user };
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'ES256', kid: 'one', typ: 'JWT' })}.${part(payload)}`;
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
    const idToken = { id_token: `${signed}.${signature.toString('base64url')}`, expires_in: 300 };
    return { access_token: 'at', token_type: 'Bearer', ...(preset === 'github' ? { scope: 'read:user,user:email' } : idToken) };
  };

  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { preset, issuer, logouts, stop };
}
