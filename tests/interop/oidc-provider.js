// node-oidc-provider with its own development pages, for the kits to be tested against. `node oidc-provider.js` prints
// "ready" and its issuer when it listens, on a free port of loopback. An address as argument is the back-channel logout URI
// of the clients "app" and "cardea". After `POST /test/turn-keys` a new key signs.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

const SECRET = 'the-secret-of-the-interop-tests-0123456789';
const CALLBACK = 'https://app.example.test/callback';
const AFTER_LOGOUT = 'https://app.example.test/bye';
const APIS = { 'api://orders': 'orders:read orders:write', 'api://mail': 'mail:send' };

const logsPeopleIn = {
  redirect_uris: [CALLBACK],
  post_logout_redirect_uris: [AFTER_LOGOUT],
  response_types: ['code'],
  grant_types: ['authorization_code', 'refresh_token'],
};
const script = (client_id) => ({
  client_id,
  client_secret: SECRET,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
});

// A provider of the tests, at which users of this one sign in.
const atCardea = {
  redirect_uris: ['https://id.example.test/federation/up/callback'],
  post_logout_redirect_uris: ['https://id.example.test/end_session/done'],
};

const [, , tell] = process.argv;
const isTold = tell ? { backchannel_logout_uri: tell, backchannel_logout_session_required: true } : {};

const clients = [
  { client_id: 'app', client_secret: SECRET, ...logsPeopleIn, ...isTold },
  { client_id: 'cardea', client_secret: SECRET, ...logsPeopleIn, ...atCardea, ...isTold },
  { client_id: 'app-post', client_secret: SECRET, token_endpoint_auth_method: 'client_secret_post', ...logsPeopleIn },
  { client_id: 'public-app', token_endpoint_auth_method: 'none', ...logsPeopleIn },
  script('script-jwt'),
  script('script-opaque'),
  // The API itself, which introspects tokens.
  script('orders-api'),
];

const account = (_ctx, id) => ({
  accountId: id,
  claims: () => ({ sub: id, name: `The ${id}`, email: `${id}@example.test`, email_verified: true }),
});

function resource(_ctx, audience, client) {
  const format = client.clientId === 'script-opaque' ? 'opaque' : 'jwt';
  const jwt = format === 'jwt' ? { sign: { alg: 'ES256' } } : undefined;
  return { scope: APIS[audience] ?? '', audience, accessTokenTTL: 900, accessTokenFormat: format, jwt };
}

const configuration = (keys) => ({
  clients,
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  jwks: { keys },
  scopes: ['openid', 'offline_access', 'profile', 'email'],
  claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
  findAccount: account,
  cookies: { keys: ['the cookies of the interop tests'] },
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    backchannelLogout: { enabled: true },
    resourceIndicators: { enabled: true, getResourceServerInfo: resource },
  },
});

function newKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: randomUUID() };
}

let keys = [newKey()];
let answer;

const server = createServer((request, response) => {
  if (request.method !== 'POST' || request.url !== '/test/turn-keys') return answer(request, response);
  keys = [newKey(), ...keys];
  answer = provider();
  return response.end();
});

/** The first key of the set signs; the others are still published. */
const provider = () => new Provider(issuer(), configuration(keys)).callback();
const issuer = () => `http://127.0.0.1:${server.address().port}`;

server.listen(0, '127.0.0.1', () => {
  answer = provider();
  console.log(`ready ${issuer()}`);
});
