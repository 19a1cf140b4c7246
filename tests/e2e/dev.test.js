// `cardea dev`, as the README describes it: the single-page app, the API, and its output.
// The other app is in webapp.test.js.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

import { send } from './stage/dev.js';
import {
  NOBODY_YET, WELCOME, cookieHeader, dev, devStage, enterOrders, logInAs, order, person, placeOrder, sees, test,
} from './stage/index.js';

const on = devStage();

/** A call of the API without a session, after which the app says that it has ended. */
const ENDED = /^401 \S+\/api\/orders$/;

const customer = (t, expects = []) => person(t, on.browser, { expects: [NOBODY_YET, ...expects] });

test('an order is placed and listed, and after the logout no page opens', async (t) => {
  const { context, page } = await customer(t);
  await enterOrders(page, on.dev.spa);
  await page.getByText('DEVELOPMENT').waitFor();
  await page.getByText('Alice A').waitFor();
  await placeOrder(page, 'Brass hinge', 12);
  await order(page, 'Brass hinge').getByText('× 12').waitFor();
  await page.reload();
  await order(page, 'Brass hinge').waitFor();

  const cookie = await cookieHeader(context, on.dev.spa);
  assert.deepEqual(await statuses(cookie), { user: 200, orders: 200 });
  await page.getByRole('button', { name: 'Sign out' }).click();
  await sees(page, WELCOME);
  assert.equal(page.url(), on.dev.spa.href);
  assert.deepEqual(await statuses(cookie), { user: 401, orders: 401 }, 'a copy of the cookie is dead');
  await page.goBack();
  await page.getByText('Brass hinge').waitFor({ state: 'hidden' });
  await page.goto(on.dev.spa.href);
  await page.getByRole('link', { name: 'Sign in' }).click();
  await sees(page, 'Sign in');
});

test('an ended session is reported, and the login returns to the same page with the typed text', async (t) => {
  const { context, page } = await customer(t, [ENDED]);
  await enterOrders(page, on.dev.spa);
  await page.goto(`${on.dev.spa}#new-order`);
  await context.clearCookies({ name: /app|spa/ });
  await placeOrder(page, 'Door knocker', 3);
  await page.getByRole('dialog', { name: 'Your session has ended' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Sign in again' }).click();

  // The session at the provider still exists.
  await sees(page, 'Orders');
  assert.equal(page.url(), `${on.dev.spa}#new-order`);
  assert.equal(await page.getByLabel('Item').inputValue(), 'Door knocker');
  assert.equal(await page.getByLabel('Quantity').inputValue(), '3');
  assert.equal(await order(page, 'Door knocker').count(), 0);
  await page.getByRole('button', { name: 'Place order' }).click();
  await order(page, 'Door knocker').waitFor();
});

test('a session ended at the provider’s account page has ended in the app too', async (t) => {
  const { context, page } = await customer(t, [ENDED]);
  await enterOrders(page, on.dev.spa);
  const cookie = await cookieHeader(context, on.dev.spa);
  const account = await context.newPage();
  await account.goto(`${on.dev.issuer}/account`);
  await sees(account, 'Your account');
  await account.getByText('DEVELOPMENT').waitFor();
  await account.getByRole('button', { name: 'Sign out', exact: true }).click();
  await sees(account, 'You are signed out');

  assert.deepEqual(await statuses(cookie), { user: 401, orders: 401 });
  await placeOrder(page, 'Keyhole cover', 2);
  await page.getByRole('dialog', { name: 'Your session has ended' }).waitFor();
  await page.getByRole('button', { name: 'Sign in again' }).click();
  await logInAs(page, 'alice');
  await sees(page, 'Orders');
  await page.getByRole('button', { name: 'Place order' }).click();
  await order(page, 'Keyhole cover').waitFor();
});

test('a declined consent is reported on the app’s own page', async (t) => {
  const { page } = await customer(t);
  await page.goto(on.dev.spa.href);
  await page.getByRole('link', { name: 'Sign in' }).click();
  await logInAs(page, 'bob');
  await sees(page, 'Allow Orders access?');
  await page.getByRole('button', { name: 'Don’t allow' }).click();
  await sees(page, WELCOME);
  assert.equal(await page.getByRole('alert').textContent(), 'You are not signed in, because the request was declined.');
  assert.equal(page.url(), on.dev.spa.href);
});

test('a route of the API for administrators opens only for an administrator', async (t) => {
  for (const [username, status] of [['alice', 403], ['bob', 200]]) {
    const { page } = await customer(t, [/^403 \S+\/api\/admin\/metrics$/]);
    await enterOrders(page, on.dev.spa, username);
    const got = await page.evaluate(async () => {
      const answer = await fetch('/api/admin/metrics');
      return { status: answer.status, ...(await answer.json()) };
    });
    assert.equal(got.status, status, username);
    assert.equal(typeof got.tenants, status === 200 ? 'number' : 'undefined');
  }
});

test('the command it prints answers 200; without a token it is 401, with too small a scope 403', async () => {
  const { command: printed, token, url } = on.dev.curl;
  const { stdout } = await promisify(execFile)('sh', ['-c', `${printed} --silent --write-out ' %{http_code}'`]);
  assert.match(stdout, /^\{"orders":\[.*\]\} 200$/);

  const stranger = await send(url);
  refuses(stranger, 401, /^Bearer realm="[^"]*"(?!.*error=).*resource_metadata="/);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const reader = await send(url, { method: 'POST', headers, body: '{}' });
  refuses(reader, 403, /error="insufficient_scope".*scope="orders:write"/);

  const [, metadata] = /resource_metadata="([^"]+)"/.exec(stranger.headers['www-authenticate']);
  const { status, body } = await send(metadata);
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(body).authorization_servers, [on.dev.issuer]);
});

test('after a logout the app’s grant is revoked, so its refresh token is invalid', async (t) => {
  const own = await dev();
  t.after(own.stop);
  const { context, page } = await customer(t);
  await enterOrders(page, own.spa);
  const account = await context.newPage();
  await account.goto(`${own.issuer}/account/apps`);
  const grant = account.getByRole('region', { name: 'Apps' }).getByText(/^Used /).first();
  await grant.waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await sees(page, WELCOME);
  await account.reload();
  await logInAs(account, 'alice');
  await sees(account, 'Your account');
  assert.equal(await grant.count(), 0);
});

test('if ports are taken, it says by which app, and its apps use the next ones', async (t) => {
  const second = await dev();
  t.after(second.stop);
  const ports = ({ orders, spa, webapp }) => [new URL(orders).port, spa.port, webapp.port];
  const ours = ports(on.dev);
  const usual = [['4000', 'orders API'], ['5173', 'single-page app'], ['5174', 'webapp']];
  for (const [index, port] of ports(second).entries()) {
    const [first, what] = usual[index];
    const sentence = new RegExp(`Port ${first} is taken by .+ \\(process \\d+\\); the ${what} is at ${port}\\.`);
    // The port may be in use by the tests of another file, which may have ended; this file's have not.
    if (ours[index] === first) assert.notEqual(port, first);
    assert.equal(sentence.test(second.said()), port !== first, second.said());
  }
  assert.notEqual(second.spa.port, on.dev.spa.port);
  const { page } = await customer(t);
  await enterOrders(page, second.spa);
  await placeOrder(page, 'Bolt', 1);
  await order(page, 'Bolt').waitFor();
});

test('Ctrl-C ends it in order', async (t) => {
  const own = await dev();
  t.after(() => rm(own.folder, { recursive: true, force: true }));
  assert.equal(await own.end('SIGINT'), 0);
  assert.match(own.said(), /\ncardea dev has ended\.\n$/);
  await assert.rejects(send(own.issuer), { code: 'ECONNREFUSED' });
});

/** The answer for a thief with a copy of the cookie. */
async function statuses(cookie) {
  const status = async (path) => (await send(new URL(path, on.dev.spa).href, { headers: { cookie } })).status;
  return { user: await status('/bff/user'), orders: await status('/api/orders') };
}

function refuses({ status, headers, body }, expected, challenge) {
  assert.equal(status, expected);
  assert.match(headers['www-authenticate'], challenge);
  assert.match(headers['content-type'], /^application\/problem\+json/);
  const problem = JSON.parse(body);
  assert.equal(problem.status, expected);
  assert.equal(problem.correlation_id, headers['x-request-id']);
}
