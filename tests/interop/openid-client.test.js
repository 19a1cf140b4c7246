// npm openid-client, used as in an application.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import * as oidc from 'openid-client';

import { Browser } from './browser.js';
import { AFTER_LOGOUT, ALGORITHMS, ALICE, API, BASIC, CAROL, MAIL, ORDERS_API, PLAIN, POST, REDIRECT_URI } from './clients.js';
import { startProvider } from './provider.js';
import { secondFactor } from './totp.js';

let provider;
before(async () => {
  provider = await startProvider();
});
after(() => provider?.stop());

/** Discovery, and a client that verifies every signature. */
function discover(clientId, metadata, authentication = oidc.None(), options = {}) {
  return oidc.discovery(new URL(provider.issuer), clientId, metadata, authentication, {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
    ...options,
  });
}

const signsItself = (id) => () =>
  discover(id, {}, oidc.PrivateKeyJwt({ key: provider.key.privateKey, kid: provider.key.kid }));
const basic = ({ id, secret }) => () => discover(id, {}, oidc.ClientSecretBasic(secret));

/** Every authentication method of the provider. */
const METHODS = {
  none: () => discover('spa'),
  client_secret_basic: basic(BASIC),
  client_secret_post: () => discover(POST.id, {}, oidc.ClientSecretPost(POST.secret)),
  'private_key_jwt, key by value': signsItself('key-by-value'),
  'private_key_jwt, key by jwks_uri': signsItself('key-by-uri'),
  'private_key_jwt, audience must be the issuer': signsItself('key-issuer-only'),
};

/** An authorization request, and the values that the client keeps. */
async function authorizationRequest(config, parameters = {}) {
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
    idTokenExpected: true,
  };
  const all = {
    redirect_uri: REDIRECT_URI,
    scope: 'openid profile email',
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...parameters,
  };
  // A parameter whose value is a list is repeated for each item.
  const pairs = Object.entries(all).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  return { url: oidc.buildAuthorizationUrl(config, new URLSearchParams(pairs)), checks };
}

/** A login from the first request to the tokens. */
async function login(config, parameters, options = {}) {
  const { browser = new Browser(provider.issuer), maxAge, atToken, person = ALICE } = options;
  const { url, checks } = await authorizationRequest(config, parameters);
  const answer = await browser.visit(url, person);
  const tokens = await oidc.authorizationCodeGrant(config, answer, { ...checks, maxAge }, atToken);
  return { tokens, answer, checks, browser };
}

/** The claims of an access token, verified as the API does. */
async function verified(accessToken, audience, algorithms) {
  const keys = createRemoteJWKSet(new URL(`${provider.issuer}/.well-known/jwks.json`));
  const { payload } = await jwtVerify(accessToken, keys, {
    issuer: provider.issuer,
    audience,
    algorithms,
    typ: 'at+jwt',
    requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id'],
  });
  return payload;
}

const refusedWith = (error) => (thrown) => {
  assert.equal(thrown.error, error, thrown.stack);
  assert.equal(typeof thrown.error_description, 'string');
  return true;
};

test('discovery by OpenID and by RFC 8414 agree', async () => {
  const byOpenId = (await METHODS.none()).serverMetadata();
  const byOAuth = (await discover('spa', {}, oidc.None(), { algorithm: 'oauth2' })).serverMetadata();
  assert.equal(byOpenId.issuer, provider.issuer);
  assert.ok(byOpenId.supportsPKCE());
  assert.equal(byOpenId.authorization_response_iss_parameter_supported, true);
  assert.deepEqual(JSON.parse(JSON.stringify(byOAuth)), JSON.parse(JSON.stringify(byOpenId)));
});

for (const [method, configure] of Object.entries(METHODS)) {
  test(`${method}: code, two refreshes, userinfo, introspection, revocation`, async () => {
    const config = await configure();
    const { tokens } = await login(config, { max_age: '60' }, { maxAge: 60 });
    const { sub, at_hash: atHash } = tokens.claims();
    assert.ok(sub && atHash);
    assert.equal(tokens.token_type, 'bearer');
    assert.ok(tokens.expiresIn() > 800);

    const second = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    const third = await oidc.refreshTokenGrant(config, second.refresh_token);
    assert.equal(new Set([tokens, second, third].map((t) => t.refresh_token)).size, 3);
    assert.equal(third.claims().sub, sub);

    const person = await oidc.fetchUserInfo(config, third.access_token, sub);
    assert.equal(person.email, 'alice@example.test');
    assert.equal(person.name, 'Alice Ångström');

    if (method !== 'none') {
      const seen = await oidc.tokenIntrospection(config, third.access_token);
      assert.equal(seen.active, true);
      assert.equal(seen.sub, sub);
      assert.equal((await oidc.tokenIntrospection(config, third.refresh_token)).active, true);
    }

    await oidc.tokenRevocation(config, third.refresh_token, { token_type_hint: 'refresh_token' });
    if (method !== 'none') {
      assert.deepEqual(await oidc.tokenIntrospection(config, third.access_token), { active: false });
      assert.deepEqual(await oidc.tokenIntrospection(config, third.refresh_token), { active: false });
    }
    await assert.rejects(
      oidc.refreshTokenGrant(config, third.refresh_token),
      refusedWith('invalid_grant'),
    );
  });
}

for (const [method, configure] of Object.entries(METHODS).filter(([name]) => name !== 'none')) {
  test(`${method}: client_credentials`, async () => {
    const config = await configure();
    const tokens = await oidc.clientCredentialsGrant(config, { scope: 'orders:read', resource: API });
    const claims = await verified(tokens.access_token, API, ['ES256']);
    assert.equal(claims.scope, 'orders:read');
    assert.equal(claims.sub, config.clientMetadata().client_id);
    assert.equal(tokens.refresh_token, undefined);
    assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, true);
  });
}

for (const alg of ALGORITHMS) {
  test(`${alg}: ID token, userinfo and access token are verified`, async () => {
    const config = await discover(`signed-${alg}`, {
      id_token_signed_response_alg: alg,
      userinfo_signed_response_alg: alg,
    });
    const { tokens } = await login(config, { scope: 'openid email orders:read' });
    assert.equal(decodeProtectedHeader(tokens.id_token).alg, alg);
    assert.ok(tokens.claims().at_hash);
    const claims = await verified(tokens.access_token, API, [alg]);
    assert.equal(claims.scope, 'openid email orders:read');
    const person = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    assert.equal(person.aud, `signed-${alg}`);
    assert.equal(person.email, 'alice@example.test');
  });
}

test('an answer by form_post is accepted', async () => {
  const config = await METHODS.none();
  const { tokens, answer } = await login(config, { response_mode: 'form_post' });
  assert.ok(answer instanceof Request);
  assert.equal(answer.url, REDIRECT_URI);
  assert.ok(tokens.claims().sub);
});

test('an answer with another state or issuer is not accepted', async () => {
  const config = await METHODS.none();
  const { url, checks } = await authorizationRequest(config);
  const answer = await new Browser(provider.issuer).visit(url, ALICE);
  assert.equal(answer.searchParams.get('iss'), provider.issuer);
  for (const [name, value] of [['state', 'other'], ['iss', 'https://other.example'], ['iss', '']]) {
    const forged = new URL(answer);
    if (value) forged.searchParams.set(name, value);
    else forged.searchParams.delete(name);
    await assert.rejects(oidc.authorizationCodeGrant(config, forged, checks), oidc.ClientError);
  }
  await oidc.authorizationCodeGrant(config, answer, checks);
});

test('an error at the authorization endpoint reaches the application with state and iss', async () => {
  const config = await METHODS.none();
  const errors = [
    [{ prompt: 'none' }, {}, 'login_required'],
    [{ prompt: 'consent' }, { decision: 'deny' }, 'access_denied'],
    [{ scope: 'nobody:knows' }, {}, 'invalid_scope'],
    [{ code_challenge: '', code_challenge_method: '' }, {}, 'invalid_request'],
    [{ request: 'e30.e30.' }, {}, 'request_not_supported'],
    [{ resource: 'api://nobody' }, {}, 'invalid_target'],
  ];
  for (const [parameters, behaviour, expected] of errors) {
    const { url, checks } = await authorizationRequest(config, parameters);
    const answer = await new Browser(provider.issuer).visit(url, { ...ALICE, ...behaviour });
    await assert.rejects(oidc.authorizationCodeGrant(config, answer, checks), (thrown) => {
      assert.ok(thrown instanceof oidc.AuthorizationResponseError, thrown.stack);
      assert.equal(thrown.error, expected);
      return true;
    });
  }
});

test('a code is valid once, and its replay revokes its grant', async () => {
  const config = await METHODS.client_secret_basic();
  const { tokens, answer, checks } = await login(config);
  await assert.rejects(
    oidc.authorizationCodeGrant(config, answer, checks),
    refusedWith('invalid_grant'),
  );
  assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
});

test('a wrong verifier is refused, and the right one stays valid', async () => {
  const config = await METHODS.none();
  const { url, checks } = await authorizationRequest(config);
  const answer = await new Browser(provider.issuer).visit(url, ALICE);
  const wrong = { ...checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() };
  await assert.rejects(oidc.authorizationCodeGrant(config, answer, wrong), refusedWith('invalid_grant'));
  assert.ok((await oidc.authorizationCodeGrant(config, answer, checks)).access_token);
});

test('a wrong secret is invalid_client, by either method', async () => {
  for (const config of [
    await discover(BASIC.id, {}, oidc.ClientSecretBasic(`${BASIC.secret}x`)),
    await discover(POST.id, {}, oidc.ClientSecretPost(`${POST.secret}x`)),
  ]) {
    await assert.rejects(oidc.clientCredentialsGrant(config), (thrown) => {
      // For an answer with a challenge the library returns the challenge, not the body.
      assert.ok(thrown instanceof oidc.WWWAuthenticateChallengeError, thrown.stack);
      const [{ scheme, parameters }] = thrown.cause;
      assert.deepEqual([thrown.status, scheme, parameters.error], [401, 'basic', 'invalid_client']);
      return true;
    });
  }
});

test('with require_pkce = false a confidential client logs in without PKCE', async () => {
  const config = await discover('excused', {}, oidc.ClientSecretBasic(PLAIN.secret));
  const checks = { expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() };
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT_URI,
    scope: 'openid',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
  });
  const answer = await new Browser(provider.issuer).visit(url, ALICE);
  assert.ok((await oidc.authorizationCodeGrant(config, answer, checks)).id_token);
});

test('an opaque access token is introspected and valid at userinfo', async () => {
  const config = await discover('opaque', {}, oidc.ClientSecretBasic(PLAIN.secret));
  const { tokens } = await login(config);
  assert.throws(() => decodeProtectedHeader(tokens.access_token));
  assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).client_id, 'opaque');
  assert.ok(await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub));
  await oidc.tokenRevocation(config, tokens.access_token);
  assert.equal((await oidc.tokenIntrospection(config, tokens.access_token)).active, false);
  await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub));
});

test('an API introspects its own tokens and no others', async () => {
  const config = await METHODS.none();
  const both = { scope: 'openid orders:read mail:send', resource: [API, MAIL] };
  const { tokens } = await login(config, both, { atToken: { resource: API } });
  const api = await basic(ORDERS_API)();
  const seen = await oidc.tokenIntrospection(api, tokens.access_token);
  assert.deepEqual([seen.active, seen.aud, seen.username], [true, API, 'alice']);
  const mail = await oidc.refreshTokenGrant(config, tokens.refresh_token, { resource: MAIL });
  assert.equal((await verified(mail.access_token, MAIL)).scope, 'openid mail:send');
  assert.deepEqual(await oidc.tokenIntrospection(api, mail.access_token), { active: false });
});

test('a refresh narrows the scope and never widens it', async () => {
  const config = await METHODS.none();
  const { tokens } = await login(config, { scope: 'openid email orders:read' });
  const less = await oidc.refreshTokenGrant(config, tokens.refresh_token, { scope: 'openid orders:read' });
  assert.equal(less.scope, 'openid orders:read');
  await assert.rejects(
    oidc.refreshTokenGrant(config, less.refresh_token, { scope: 'openid orders:write' }),
    refusedWith('invalid_scope'),
  );
});

test('a retried refresh gets the same successor, with strict rotation the grant is revoked', async () => {
  const config = await METHODS.none();
  const { tokens } = await login(config);
  const [one, other] = await Promise.all(
    [1, 2].map(() => oidc.refreshTokenGrant(config, tokens.refresh_token)),
  );
  assert.equal(one.refresh_token, other.refresh_token);

  const strict = await discover('strict');
  const first = (await login(strict)).tokens.refresh_token;
  const second = (await oidc.refreshTokenGrant(strict, first)).refresh_token;
  for (const dead of [first, second]) {
    await assert.rejects(oidc.refreshTokenGrant(strict, dead), refusedWith('invalid_grant'));
  }
});

test('a logout URL of the library logs out and returns with its state', async () => {
  const config = await METHODS.none();
  const { tokens, browser } = await login(config);
  const offline = (await login(config, { scope: 'openid offline_access', prompt: 'consent' }, { browser })).tokens;
  const url = oidc.buildEndSessionUrl(config, {
    id_token_hint: offline.id_token,
    post_logout_redirect_uri: AFTER_LOGOUT,
    state: 'bye & thanks',
  });
  const back = await browser.visit(url);
  assert.equal(back.origin + back.pathname, AFTER_LOGOUT);
  assert.equal(back.searchParams.get('state'), 'bye & thanks');
  await assert.rejects(login(config, { prompt: 'none' }, { browser }), refusedWith('login_required'));
  await assert.rejects(
    oidc.refreshTokenGrant(config, tokens.refresh_token),
    refusedWith('invalid_grant'),
  );
  assert.ok((await oidc.refreshTokenGrant(config, offline.refresh_token)).access_token);
});

test('a second login in the same browser is silent, unless the request asks for more', async () => {
  const config = await METHODS.none();
  const { tokens, browser } = await login(config);
  const silent = await login(config, { prompt: 'none', id_token_hint: tokens.id_token }, { browser });
  assert.equal(silent.tokens.claims().auth_time, tokens.claims().auth_time);
  assert.equal(silent.tokens.claims().sid, tokens.claims().sid);
  const again = await login(config, { prompt: 'login' }, { browser });
  assert.ok(again.tokens.claims().auth_time >= tokens.claims().auth_time);
});

test('claims requested by name are returned where they were requested', async () => {
  const config = await METHODS.none();
  const claims = { id_token: { email: { essential: true } }, userinfo: { phone_number: null } };
  const { tokens } = await login(config, { scope: 'openid', claims: JSON.stringify(claims) });
  assert.equal(tokens.claims().email, 'alice@example.test');
  const person = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.equal(person.phone_number, '+1 555 0100');
  assert.equal(person.email, undefined);
});

const PASSWORD = 'urn:cardea:acr:password';
const MFA = 'urn:cardea:acr:mfa';
const essential = (value) => JSON.stringify({ id_token: { acr: { essential: true, value } } });

test('an app that asks for a class of authentication gets it, is told what was reached, or gets the specified error', async () => {
  const config = await METHODS.none();
  assert.ok(config.serverMetadata().acr_values_supported.includes(MFA));
  const carol = { ...CAROL, code: secondFactor() };
  const { tokens, browser } = await login(config, { acr_values: MFA }, { person: carol });
  assert.equal(tokens.claims().acr, MFA);
  assert.deepEqual(tokens.claims().amr, ['pwd', 'otp', 'mfa']);
  // In another browser it is asked for again, essential or not.
  const again = await login(config, { claims: essential(MFA) }, { person: carol });
  assert.equal(again.tokens.claims().acr, MFA);

  // OpenID Core §3.1.2.1: a wish that is not met is no error; `acr` is what was reached.
  const wish = { acr_values: 'urn:cardea:acr:phishing-resistant', prompt: 'none' };
  const reached = await login(config, wish, { browser });
  assert.equal(reached.tokens.claims().acr, MFA);
  const alice = await login(config, { acr_values: 'urn:example:unknown' });
  assert.equal(alice.tokens.claims().acr, PASSWORD);

  // OpenID Core Unmet Authentication Requirements §2.
  await assert.rejects(
    login(config, { claims: essential('urn:example:unknown') }, { browser }),
    refusedWith('unmet_authentication_requirements'),
  );
  await assert.rejects(
    login(config, { claims: essential(MFA), prompt: 'none' }, { browser: alice.browser }),
    refusedWith('login_required'),
  );
});
