// npm oauth4webapi: each request and each answer separately, with a path in the issuer.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import * as oauth from 'oauth4webapi';

import { Browser } from './browser.js';
import { AFTER_LOGOUT, ALGORITHMS, ALICE, API, BASIC, ORDERS_API, PLAIN, POST, REDIRECT_URI } from './clients.js';
import { startProvider } from './provider.js';

/** Loopback has no TLS. */
const INSECURE = { [oauth.allowInsecureRequests]: true };

let provider;
let server;
before(async () => {
  provider = await startProvider({ path: '/auth' });
  server = await discover('oidc');
});
after(() => provider?.stop());

async function discover(algorithm) {
  const issuer = new URL(provider.issuer);
  const response = await oauth.discoveryRequest(issuer, { algorithm, ...INSECURE });
  return oauth.processDiscoveryResponse(issuer, response);
}

const withKey = (client_id, options) => () => ({
  client: { client_id },
  proof: oauth.PrivateKeyJwt({ key: provider.key.privateKey, kid: provider.key.kid }, options),
});
/** An older practice (RFC 7523 §3): the audience of an assertion is the token endpoint. */
const FOR_TOKEN_ENDPOINT = {
  [oauth.modifyAssertion]: (header, payload) => {
    payload.aud = server.token_endpoint;
  },
};

/** Every authentication method of the provider. */
const METHODS = {
  none: () => ({ client: { client_id: 'spa' }, proof: oauth.None() }),
  client_secret_basic: () => ({ client: { client_id: BASIC.id }, proof: oauth.ClientSecretBasic(BASIC.secret) }),
  client_secret_post: () => ({ client: { client_id: POST.id }, proof: oauth.ClientSecretPost(POST.secret) }),
  'private_key_jwt, key by value': withKey('key-by-value'),
  'private_key_jwt, key by jwks_uri': withKey('key-by-uri'),
  'private_key_jwt for the token endpoint': withKey('key-by-value', FOR_TOKEN_ENDPOINT),
};
const PUBLIC = METHODS.none;
const CONFIDENTIAL = Object.entries(METHODS).filter(([method]) => method !== 'none');

/** The request of a login, and the values that the client keeps. */
async function authorizationRequest({ client }, parameters = {}) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const url = new URL(server.authorization_endpoint);
  const all = {
    client_id: client.client_id,
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: 'openid email',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...parameters,
  };
  for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value);
  return { url, verifier, state, nonce };
}

/** Redeems a code; the ID token and its signature are checked as OpenID Core §3.1.3.7 says. */
async function redeem({ client, proof }, begun, answer, options = {}) {
  const callback = oauth.validateAuthResponse(server, client, answer, begun.state);
  const { verifier, nonce } = begun;
  const response = await oauth.authorizationCodeGrantRequest(
    server, client, proof, callback, REDIRECT_URI, verifier, INSECURE,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
    ...options,
  });
  await oauth.validateApplicationLevelSignature(server, response, INSECURE);
  return tokens;
}

/** A login from the first request to the tokens. */
async function login(who, parameters, { browser = new Browser(provider.issuer), ...options } = {}) {
  const begun = await authorizationRequest(who, parameters);
  const answer = await browser.visit(begun.url, ALICE);
  const tokens = await redeem(who, begun, answer, options);
  return { tokens, claims: oauth.getValidatedIdTokenClaims(tokens), begun, answer, browser };
}

async function refresh({ client, proof }, token, additionalParameters) {
  const options = { additionalParameters, ...INSECURE };
  const response = await oauth.refreshTokenGrantRequest(server, client, proof, token, options);
  return oauth.processRefreshTokenResponse(server, client, response);
}

async function userinfo({ client }, token, subject) {
  const response = await oauth.userInfoRequest(server, client, token, INSECURE);
  const person = await oauth.processUserInfoResponse(server, client, subject, response.clone());
  if (client.userinfo_signed_response_alg) {
    await oauth.processUserInfoResponse(server, client, subject, response);
    await oauth.validateApplicationLevelSignature(server, response, INSECURE);
  }
  return person;
}

async function introspect({ client, proof }, token) {
  const response = await oauth.introspectionRequest(server, client, proof, token, INSECURE);
  return oauth.processIntrospectionResponse(server, client, response);
}

async function revoke({ client, proof }, token) {
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(server, client, proof, token, INSECURE),
  );
}

async function clientCredentials({ client, proof }, parameters) {
  const response = await oauth.clientCredentialsGrantRequest(server, client, proof, parameters, INSECURE);
  return oauth.processClientCredentialsResponse(server, client, response);
}

/** The checks of an API on a request with an access token. */
function validated(accessToken, audience, algorithms = ['ES256']) {
  const request = new Request('https://orders.example/', { headers: { authorization: `Bearer ${accessToken}` } });
  return oauth.validateJwtAccessToken(server, request, audience, { signingAlgorithms: algorithms, ...INSECURE });
}

const refusedWith = (error) => (thrown) => {
  assert.ok(thrown instanceof oauth.ResponseBodyError, thrown.stack);
  assert.deepEqual([thrown.error, thrown.status], [error, 400]);
  return true;
};

const challengedWith = (scheme, error) => (thrown) => {
  assert.ok(thrown instanceof oauth.WWWAuthenticateChallengeError, thrown.stack);
  const [challenge] = thrown.cause;
  assert.deepEqual([thrown.status, challenge.scheme, challenge.parameters.error], [401, scheme, error]);
  return true;
};

test('an issuer with a path is discovered at both well-known places', async () => {
  assert.equal(server.issuer, provider.issuer);
  assert.deepEqual(await discover('oauth2'), server);
});

test('the key set has public keys for signing, each with its own kid', async () => {
  const response = await fetch(server.jwks_uri);
  assert.match(response.headers.get('content-type'), /^application\/jwk-set\+json/);
  const { keys } = await response.json();
  assert.equal(new Set(keys.map((key) => key.kid)).size, keys.length);
  assert.deepEqual([...new Set(keys.map((key) => key.alg))].sort(), [...ALGORITHMS].sort());
  for (const key of keys) {
    assert.equal(key.use, 'sig');
    assert.deepEqual(['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].filter((member) => member in key), []);
    const algorithm = {
      RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
      PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
      ES256: { name: 'ECDSA', namedCurve: 'P-256' },
      ES384: { name: 'ECDSA', namedCurve: 'P-384' },
      EdDSA: { name: 'Ed25519' },
    }[key.alg];
    assert.equal((await crypto.subtle.importKey('jwk', key, algorithm, false, ['verify'])).type, 'public');
  }
});

for (const [method, make] of Object.entries(METHODS)) {
  test(`${method}: code, two refreshes, userinfo, revocation`, async () => {
    const who = make();
    const { tokens, claims } = await login(who, { max_age: '60' }, { maxAge: 60 });
    const second = await refresh(who, tokens.refresh_token);
    const third = await refresh(who, second.refresh_token);
    assert.equal(new Set([tokens, second, third].map((t) => t.refresh_token)).size, 3);
    assert.equal((await userinfo(who, third.access_token, claims.sub)).email, 'alice@example.test');
    await assert.rejects(userinfo(who, third.access_token, 'somebody else'));
    await revoke(who, third.refresh_token);
    await assert.rejects(refresh(who, third.refresh_token), refusedWith('invalid_grant'));
    await assert.rejects(
      userinfo(who, third.access_token, claims.sub),
      challengedWith('bearer', 'invalid_token'),
    );
  });
}

for (const [method, make] of CONFIDENTIAL) {
  test(`${method}: client_credentials, introspection, revocation`, async () => {
    const who = make();
    const tokens = await clientCredentials(who, { scope: 'orders:write orders:read' });
    const claims = await validated(tokens.access_token, API);
    assert.deepEqual(claims.scope.split(' ').sort(), ['orders:read', 'orders:write']);
    assert.equal(claims.client_id, who.client.client_id);
    const seen = await introspect(who, tokens.access_token);
    assert.deepEqual([seen.active, seen.jti, seen.exp], [true, claims.jti, claims.exp]);
    await revoke(who, tokens.access_token);
    assert.deepEqual(await introspect(who, tokens.access_token), { active: false });
  });
}

for (const alg of ALGORITHMS) {
  test(`${alg}: access token, ID token and userinfo are validated`, async () => {
    const client = {
      client_id: `signed-${alg}`,
      id_token_signed_response_alg: alg,
      userinfo_signed_response_alg: alg,
    };
    const who = { client, proof: oauth.None() };
    const { tokens, claims } = await login(who, { scope: 'openid email orders:read' });
    const access = await validated(tokens.access_token, API, [alg]);
    assert.deepEqual([access.sub, access.client_id], [claims.sub, client.client_id]);
    assert.equal((await userinfo(who, tokens.access_token, claims.sub)).email, 'alice@example.test');
    const others = ALGORITHMS.filter((other) => other !== alg);
    await assert.rejects(validated(tokens.access_token, API, others));
    await assert.rejects(validated(tokens.access_token, 'api://mail', [alg]));
    await assert.rejects(validated(tokens.id_token, client.client_id, [alg]), /typ/);
  });
}

test('an answer by form_post is accepted', async () => {
  const who = PUBLIC();
  const begun = await authorizationRequest(who, { response_mode: 'form_post' });
  const answer = await new Browser(provider.issuer).visit(begun.url, ALICE);
  assert.deepEqual([answer.method, answer.url], ['POST', REDIRECT_URI]);
  const fields = new URLSearchParams(await answer.text());
  assert.deepEqual([...fields.keys()].sort(), ['code', 'iss', 'state']);
  assert.ok((await redeem(who, begun, fields)).id_token);
});

test('the requirements of the registration are enforced', async () => {
  const who = { client: { client_id: 'fussy', require_auth_time: true }, proof: oauth.None() };
  assert.equal(typeof (await login(who)).claims.auth_time, 'number');
  for (const missing of ['state', 'nonce']) {
    const begun = await authorizationRequest(who);
    begun.url.searchParams.delete(missing);
    const answer = await new Browser(provider.issuer).visit(begun.url, ALICE);
    const state = missing === 'state' ? oauth.expectNoState : begun.state;
    assert.throws(
      () => oauth.validateAuthResponse(server, who.client, answer, state),
      (thrown) => thrown instanceof oauth.AuthorizationResponseError && thrown.error === 'invalid_request',
    );
  }
});

test('a denied consent and a missing login are errors of the authorization response', async () => {
  const who = PUBLIC();
  for (const [parameters, decision, error] of [
    [{ prompt: 'consent' }, 'deny', 'access_denied'],
    [{ prompt: 'none' }, 'allow', 'login_required'],
    [{ response_type: 'token' }, 'allow', 'unsupported_response_type'],
  ]) {
    const begun = await authorizationRequest(who, parameters);
    const answer = await new Browser(provider.issuer).visit(begun.url, { ...ALICE, decision });
    assert.throws(
      () => oauth.validateAuthResponse(server, who.client, answer, begun.state),
      (thrown) => thrown instanceof oauth.AuthorizationResponseError && thrown.error === error,
    );
  }
});

test('a code is valid once, with its verifier, for its client', async () => {
  const who = PUBLIC();
  const begun = await authorizationRequest(who);
  const answer = await new Browser(provider.issuer).visit(begun.url, ALICE);
  const wrong = { ...begun, verifier: oauth.generateRandomCodeVerifier() };
  await assert.rejects(redeem(who, wrong, answer), refusedWith('invalid_grant'));
  await assert.rejects(redeem(METHODS.client_secret_basic(), begun, answer), refusedWith('invalid_grant'));
  const tokens = await redeem(who, begun, answer);
  await assert.rejects(redeem(who, begun, answer), refusedWith('invalid_grant'));
  await assert.rejects(refresh(who, tokens.refresh_token), refusedWith('invalid_grant'));
});

test('a client that fails to authenticate gets invalid_client', async () => {
  const wrong = (client_id, proof) => clientCredentials({ client: { client_id }, proof }, {});
  const other = await oauth.generateKeyPair('ES256');
  const forged = oauth.PrivateKeyJwt({ key: other.privateKey, kid: provider.key.kid });
  await assert.rejects(wrong(POST.id, oauth.ClientSecretPost(BASIC.secret)), challengedWith('basic', 'invalid_client'));
  await assert.rejects(wrong('nobody', oauth.ClientSecretPost(BASIC.secret)), challengedWith('basic', 'invalid_client'));
  await assert.rejects(wrong('key-by-value', forged), challengedWith('basic', 'invalid_client'));
  await assert.rejects(wrong(POST.id, oauth.None()), challengedWith('basic', 'invalid_client'));
  await assert.rejects(wrong(BASIC.id, oauth.ClientSecretBasic(POST.secret)), challengedWith('basic', 'invalid_client'));
  await assert.rejects(introspect(PUBLIC(), 'x'), challengedWith('basic', 'invalid_client'));
});

test('c2: a client with a secret may send it in the header or in the body, whichever was registered', async () => {
  const ask = (client_id, proof) => clientCredentials({ client: { client_id }, proof }, { scope: 'orders:read' });
  assert.ok((await ask(BASIC.id, oauth.ClientSecretPost(BASIC.secret))).access_token);
  assert.ok((await ask(POST.id, oauth.ClientSecretBasic(POST.secret))).access_token);
});

test('an assertion for the token endpoint is refused if it must be for the issuer', async () => {
  const who = withKey('key-issuer-only', FOR_TOKEN_ENDPOINT)();
  const parameters = { scope: 'orders:read' };
  await assert.rejects(clientCredentials(who, parameters), challengedWith('basic', 'invalid_client'));
  assert.ok((await clientCredentials(withKey('key-issuer-only')(), parameters)).access_token);
});

test('an opaque access token is read only by introspection', async () => {
  const who = { client: { client_id: 'opaque' }, proof: oauth.ClientSecretBasic(PLAIN.secret) };
  const { tokens, claims } = await login(who, { scope: 'openid orders:read' });
  await assert.rejects(validated(tokens.access_token, API));
  const api = { client: { client_id: ORDERS_API.id }, proof: oauth.ClientSecretBasic(ORDERS_API.secret) };
  const seen = await introspect(api, tokens.access_token);
  assert.deepEqual([seen.active, seen.sub, seen.aud, seen.iss], [true, claims.sub, API, provider.issuer]);
  await revoke(who, tokens.refresh_token);
  assert.deepEqual(await introspect(api, tokens.access_token), { active: false });
});

test('a refresh token used twice under strict rotation ends the grant', async () => {
  const who = { client: { client_id: 'strict' }, proof: oauth.None() };
  const { tokens } = await login(who);
  const next = await refresh(who, tokens.refresh_token);
  await assert.rejects(refresh(who, tokens.refresh_token), refusedWith('invalid_grant'));
  await assert.rejects(refresh(who, next.refresh_token), refusedWith('invalid_grant'));
});

test('logout ends the session and revokes its tokens', async () => {
  const who = PUBLIC();
  const { tokens, claims, browser } = await login(who);
  const url = new URL(server.end_session_endpoint);
  const parameters = { id_token_hint: tokens.id_token, post_logout_redirect_uri: AFTER_LOGOUT, state: 'ü' };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const back = await browser.visit(url);
  assert.equal(back.href, `${AFTER_LOGOUT}?state=%C3%BC`);
  await assert.rejects(refresh(who, tokens.refresh_token), refusedWith('invalid_grant'));
  await assert.rejects(userinfo(who, tokens.access_token, claims.sub), challengedWith('bearer', 'invalid_token'));
});
