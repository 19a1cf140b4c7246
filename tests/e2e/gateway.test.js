// `cardea dev --gateway`: everything behind one address, with TLS and its own authority.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { certificateOf, send } from './stage/dev.js';
import {
  NOBODY_YET, WELCOME, dev, enterOrders, enterWebapp, launchTrusting, order, person, placeOrder, sees, test,
} from './stage/index.js';

const on = {};

before(async () => {
  on.dev = await dev({ gateway: true });
  on.origin = on.dev.spa.origin;
  on.browser = await launchTrusting(await certificateOf(on.dev.spa, on.dev.authority));
});
after(() => Promise.all([on.browser?.close(), on.dev?.stop()]));

test('behind the gateway an order is placed, the webapp knows the user, and a logout ends both', async (t) => {
  const { context, page } = await person(t, on.browser, { expects: [NOBODY_YET, /^401 \S+\/bff\/api\/orders$/] });
  await enterOrders(page, on.dev.spa);
  await placeOrder(page, 'Gate hook', 6);
  await order(page, 'Gate hook').getByText('× 6').waitFor();
  const protocol = await page.evaluate(() => performance.getEntriesByType('navigation')[0].nextHopProtocol);
  assert.equal(protocol, 'h2');

  const pages = await context.newPage();
  await enterWebapp(pages, on.dev.webapp);
  await pages.getByRole('link', { name: 'Open the calculator' }).click();
  await sees(pages, 'Calculator');
  assert.equal(pages.url(), `${on.origin}/app/calculator`);
  await onlyHostCookies(context);

  await pages.getByRole('button', { name: 'Sign out' }).click();
  await sees(pages, 'Sign in to start');
  await placeOrder(page, 'Gate latch', 1);
  await page.getByRole('button', { name: 'Sign in again' }).click();
  await sees(page, 'Sign in');
  await page.goto(on.dev.spa.href);
  await sees(page, WELCOME);
});

test('the server’s certificate is valid with the printed authority only', async () => {
  const { url, token, cacert } = on.dev.curl;
  assert.match(cacert, /dev-ca\.pem$/);
  const ca = on.dev.authority;
  const headers = { authorization: `Bearer ${token}` };
  assert.equal((await send(url, { headers, ca })).status, 200);
  await assert.rejects(send(url, { headers }), { code: /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN)$/ });
});

test('a refusal behind the gateway has the same text', async () => {
  const { url, token } = on.dev.curl;
  const ca = on.dev.authority;
  const json = { 'content-type': 'application/json' };
  for (const [status, options] of [
    [401, {}],
    [403, { method: 'POST', body: '{}', headers: { ...json, authorization: `Bearer ${token}` } }],
  ]) {
    const answer = await send(url, { ca, ...options });
    assert.equal(answer.status, status);
    assert.match(answer.headers['www-authenticate'], new RegExp(`resource_metadata="${on.origin}/`));
    assert.match(answer.headers['content-type'], /^application\/problem\+json/);
    assert.equal(JSON.parse(answer.body).correlation_id, answer.headers['x-request-id']);
    assert.equal(answer.headers['strict-transport-security'], undefined, 'it would hold for all of localhost');
  }
});

async function onlyHostCookies(context) {
  const cookies = await context.cookies(on.origin);
  for (const app of ['session', 'spa', 'webapp']) {
    assert.ok(cookies.some(({ name }) => name.startsWith(`__Host-cardea_${app}`)), app);
  }
  for (const { name, secure, httpOnly, sameSite, path, domain } of cookies) {
    assert.match(name, /^__Host-/);
    const expected = { secure: true, httpOnly: true, sameSite: 'Lax', path: '/', domain: 'localhost' };
    assert.deepEqual({ secure, httpOnly, sameSite, path, domain }, expected, name);
  }
}
