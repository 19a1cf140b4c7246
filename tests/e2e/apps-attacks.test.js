// Foreign pages that try to act for a user in the apps of `cardea dev`, to read their answers, or to frame them; and the
// tokens that reach the browser.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import {
  NOBODY_YET, WELCOME, allow, client, cookieHeader, devStage, enterOrders, enterWebapp, logInAs, order, person, placeOrder, request,
  sees, test,
} from './stage/index.js';
import { send } from './stage/dev.js';
import { tap } from './stage/tap.js';

const on = devStage();
before(async () => (on.site = await client()));
after(() => on.site?.stop());

const customer = (t, expects = []) => person(t, on.browser, { expects: [NOBODY_YET, ...expects] });

/** The message of a browser when a page may not read an answer. */
const CORS = /has been blocked by CORS policy/;
/** The message of a browser for a refused request, at any address. */
const REFUSED = /^40[13] /;
const ORIGINS = { origin: 'another site', neighbour: 'a neighbour that shares our cookies' };

for (const [from, site] of Object.entries(ORIGINS)) {
  test(`a form of ${site} places no order and logs no user out`, async (t) => {
    const { context, page } = await customer(t);
    await enterOrders(page, on.dev.spa);
    await enterWebapp(await context.newPage(), on.dev.webapp);
    const cookies = { spa: await cookieHeader(context, on.dev.spa) };
    // The browser sends cookies with a neighbour's form, but not with another site's, so that one has no session.
    const met = { origin: { order: 401, logout: 303 }, neighbour: { order: 403, logout: 403 } }[from];
    const json = { name: '{"item":"Trojan horse","quantity":1,"x":"', value: '"}', type: 'text/plain' };
    assert.equal(await fall(context, from, new URL('/api/orders', on.dev.spa), json), met.order);
    assert.equal(await fall(context, from, new URL('/bff/logout', on.dev.spa), { name: 'x', value: '1' }), met.logout);
    const guessed = { name: 'csrf_token', value: 'A'.repeat(43) };
    assert.equal(await fall(context, from, new URL('/bff/logout', on.dev.spa), guessed), met.logout);
    assert.equal(await fall(context, from, new URL('/logout', on.dev.webapp), guessed), met.logout);
    await stillThere(page, cookies.spa);
    await page.goto(on.dev.webapp.href);
    await sees(page, /^Hello, /);
  });

  test(`a script of ${site} places no order, logs no user out and reads nothing`, async (t) => {
    const { context, page } = await customer(t, [CORS, REFUSED, /net::ERR_(FAILED|BLOCKED_BY_RESPONSE)/]);
    await enterOrders(page, on.dev.spa);
    const cookie = await cookieHeader(context, on.dev.spa);
    const evil = await context.newPage();
    await evil.goto(on.site[from] + on.site.put('/evil', ''));
    const orders = new URL('/api/orders', on.dev.spa).href;
    const logout = new URL('/bff/logout', on.dev.spa).href;
    const user = new URL('/bff/user', on.dev.spa).href;
    const body = '{"item":"Trojan horse","quantity":1}';
    for (const [url, options] of [
      [user, {}],
      [orders, {}],
      [orders, { method: 'POST', body }],
      [orders, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-csrf': '1' } }],
      [logout, { method: 'POST' }],
      [logout, { method: 'POST', headers: { 'x-csrf': '1' } }],
      [on.dev.orders, { headers: { authorization: `Bearer ${on.dev.curl.token}` } }],
      [on.dev.orders, {}],
    ]) {
      assert.equal(await read(evil, url, { credentials: 'include', ...options }), 'TypeError', `${url} ${JSON.stringify(options)}`);
      // Requests without a preflight arrive, and are refused.
      if (!options.headers) await read(evil, url, { credentials: 'include', mode: 'no-cors', ...options });
    }
    // The same page may read public resources.
    assert.equal(await read(evil, `${on.dev.issuer}/.well-known/openid-configuration`), 200);
    await stillThere(page, cookie);
  });

  test(`${site} can’t frame the apps`, async (t) => {
    const { complaints, context, page } = await customer(t);
    await enterOrders(page, on.dev.spa);
    await enterWebapp(page, on.dev.webapp);
    const evil = await context.newPage();
    const { spa, webapp } = on.dev;
    for (const [app, path] of [[spa, '/'], [spa, '/bff/user'], [webapp, '/'], [webapp, '/calculator'], [webapp, '/nothing']]) {
      const address = new URL(path, app).href;
      complaints.splice(0);
      await evil.goto(on.site[from] + on.site.put('/frame', `<iframe src="${address}"></iframe>`));
      assert.equal(await evil.frameLocator('iframe').locator('main').count(), 0, address);
      const refusals = complaints.splice(0);
      assert.ok(refusals.length > 0 && refusals.every((text) => /frame/i.test(text)), `${address}: ${refusals}`);
    }
  });
}

test('a login never returns to another origin', async (t) => {
  const { page } = await customer(t, [REFUSED]);
  const { host } = new URL(on.site.origin);
  const away = [
    on.site.origin, `//${host}`, `///${host}`, `/\\${host}`, `\\\\${host}`, `/\t/${host}`, `@${host}`, 'javascript:alert(1)', 'data:text/html,x',
  ];
  for (const login of [new URL('/bff/login', on.dev.spa), new URL('/login', on.dev.webapp)]) {
    for (const place of away) {
      const response = await page.goto(`${login}?return_to=${encodeURIComponent(place)}`);
      assert.equal(response.status(), 400, place);
      assert.equal(new URL(page.url()).origin, login.origin);
    }
  }
  // The worst value that is accepted as a path stays a path.
  await page.goto(`${on.dev.issuer}/account`);
  await logInAs(page, 'alice');
  await sees(page, 'Your account');
  const last = page.waitForResponse((response) => response.status() === 404);
  const login = `${on.dev.spa}bff/login?return_to=${encodeURIComponent(`/.//${host}/`)}`;
  await page.goto(login).catch((error) => assert.match(error.message, /HTTP_RESPONSE_CODE/, 'the app has no page there'));
  assert.equal((await last).url(), `${on.dev.spa}/${host}/`);
});

test('no token and no secret reaches the browser, except the hint of a logout', async (t) => {
  const { received, proxy, stop } = await tap();
  const { page } = await person(t, on.browser, { proxy, expects: [NOBODY_YET] });
  // After the browser, which may still be loading.
  t.after(stop);
  await enterOrders(page, on.dev.spa);
  await placeOrder(page, 'Padlock', 1);
  await order(page, 'Padlock').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await sees(page, WELCOME);
  await enterWebapp(page, on.dev.webapp);
  await page.goto(new URL('/debug', on.dev.webapp).href);
  await sees(page, 'For developers');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await sees(page, 'Sign in to start');

  for (const part of [on.dev.issuer, on.dev.spa.origin, on.dev.webapp.origin]) {
    assert.ok(received.some(({ url }) => url.startsWith(part)), part);
  }
  assert.ok(received.some(({ text }) => /^set-cookie: cardea_spa/m.test(text)));
  assert.ok(received.some(({ text }) => text.includes('"item":"Padlock"')));
  const found = received.flatMap(({ url, text }) => tokens(text).map((token) => ({ url, token, text })));
  const isHint = ({ token, text }) => text.includes(`id_token_hint=${token}`);
  assert.deepEqual(found.filter((one) => !isHint(one)).map(({ url }) => url), []);
  const told = found.map(({ url }) => new URL(url).pathname);
  assert.deepEqual([...new Set(told)].sort(), ['/bff/logout', '/logout']);
});

test('the search patterns match tokens', async (t) => {
  const { page } = await customer(t);
  const redirectUri = 'http://localhost:5173/callback';
  const asked = request(on.dev.issuer, {
    client_id: 'spa', redirect_uri: redirectUri, scope: 'openid offline_access orders:read', prompt: 'consent',
  });
  await page.goto(asked.url);
  await logInAs(page, 'alice');
  const answered = page.waitForRequest((sent) => sent.url().startsWith(`${redirectUri}?`));
  await allow(page, 'Example in the browser');
  const got = await asked.redeem(new URL((await answered).url()).searchParams.get('code'));
  for (const token of ['access_token', 'refresh_token', 'id_token']) {
    assert.deepEqual(tokens(JSON.stringify({ token: got[token] })), [got[token]], token);
  }
});

/** JWTs, refresh tokens (54 bytes that begin with their version) and the secrets of the clients. */
function tokens(text) {
  const jwt = /eyJ[\w-]+\.[\w-]+\.[\w-]+/g;
  const refresh = /(?<![\w-])AQ[\w-]{70}(?![\w-])/g;
  const secret = /dev-\w+-secret-[\w-]+/g;
  return [jwt, refresh, secret].flatMap((pattern) => text.match(pattern) ?? []);
}

/** The user submits a form that posts to this address; returns the status of the answer. */
async function fall(context, from, action, { name, value, type = 'application/x-www-form-urlencoded' }) {
  const page = await context.newPage();
  const field = `<input type="hidden" name='${name}' value='${value}'>`;
  const form = `<form method="post" enctype="${type}" action="${action}">${field}<button>Win a prize</button></form>`;
  await page.goto(on.site[from] + on.site.put('/trap', form));
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.getByRole('button', { name: 'Win a prize' }).click();
  const status = (await answered).status();
  await page.close();
  return status;
}

/** The status that a page's script can read, or the name of its error. */
const read = (page, url, options = {}) =>
  page.evaluate(
    ([url, options]) => fetch(url, options).then(({ status }) => status, (error) => error.name),
    [url, options],
  );

async function stillThere(page, cookie) {
  assert.equal((await send(new URL('/bff/user', on.dev.spa).href, { headers: { cookie } })).status, 200);
  await page.goto(on.dev.spa.href);
  await page.getByRole('status').filter({ hasText: /order/ }).waitFor();
  assert.equal(await order(page, 'Trojan horse').count(), 0);
}
