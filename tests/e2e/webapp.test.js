// The server-rendered webapp of `cardea dev`: everything in it works without JavaScript.

import assert from 'node:assert/strict';

import { send } from './stage/dev.js';
import { allow, cookieHeader, devStage, enterWebapp, logInAs, person, sees, test } from './stage/index.js';

const on = devStage();

const at = (path) => new URL(path, on.dev.webapp).href;

for (const [javaScriptEnabled, username] of [[true, 'alice'], [false, 'bob']]) {
  const how = javaScriptEnabled ? 'with' : 'without';

  test(`the webapp works from its first page to the logout, ${how} JavaScript`, async (t) => {
    const { context, page } = await person(t, on.browser, { javaScriptEnabled });
    await page.goto(on.dev.webapp.href);
    await sees(page, 'Sign in to start');
    await page.getByText('DEVELOPMENT').waitFor();
    await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click();
    await page.getByText('DEVELOPMENT').waitFor();
    await refuses(page, username);
    await logInAs(page, username);
    await page.getByText('DEVELOPMENT').waitFor();
    await allow(page, 'Webapp');
    await sees(page, { alice: 'Hello, Alice A', bob: 'Hello, Bob B' }[username]);
    await page.getByText(`${username}@example.test`).waitFor();

    await page.getByRole('main').getByRole('link', { name: 'Open the calculator' }).click();
    await calculates(page);

    await page.goto(at('/debug'));
    await sees(page, 'For developers');
    await page.getByText(on.dev.issuer).first().waitFor();
    assert.doesNotMatch(await page.content(), /eyJ[\w-]{10}/, 'no token');

    const cookie = await cookieHeader(context, on.dev.webapp);
    assert.equal((await send(at('/calculator'), { headers: { cookie } })).status, 200);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await sees(page, 'Sign in to start');
    assert.equal(page.url(), on.dev.webapp.href);
    assert.equal((await send(at('/calculator'), { headers: { cookie } })).status, 401, 'a copy of the cookie is dead');
    await page.goto(`${on.dev.issuer}/account`);
    await sees(page, 'Sign in');
  });
}

test('a page for logged-in users is shown after the login, with its query', async (t) => {
  const { page } = await person(t, on.browser);
  await enterWebapp(page, on.dev.webapp);
  await page.context().clearCookies({ name: /webapp/ });
  await page.goto(at('/calculator?left=6&operation=multiply&right=7'));
  await page.getByRole('status').filter({ hasText: '= 42' }).waitFor();
});

test('an unknown address gets a page with the request id of the log', async (t) => {
  const { page } = await person(t, on.browser);
  const response = await page.goto(at('/nothing'));
  assert.equal(response.status(), 404);
  await sees(page, 'Not found');
  await page.getByText(response.headers()['x-request-id']).waitFor();
  await page.getByRole('link', { name: 'Go to the start page' }).click();
  await sees(page, 'Sign in to start');
});

test('the page for developers is for this machine only', async () => {
  const accept = { accept: 'text/html' };
  assert.equal((await send(at('/debug'), { headers: accept })).status, 200);
  const elsewhere = await send(at('/debug'), { headers: { ...accept, 'x-forwarded-for': '203.0.113.7' } });
  const nowhere = await send(at('/nothing'), { headers: accept });
  assert.equal(elsewhere.status, 404);
  const withoutId = ({ body, headers }) => body.replace(headers['x-request-id'], '');
  assert.equal(withoutId(elsewhere), withoutId(nowhere), 'as if there were none');
});

async function refuses(page, username) {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill('looking-glass');
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  const alert = page.getByRole('alert');
  assert.equal(await alert.textContent(), 'Incorrect user name or password.');
  assert.match(await page.title(), /^Error: Sign in/);
  const [name, password] = [page.getByLabel('User name'), page.getByLabel('Password')];
  for (const field of [name, password]) {
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    assert.equal(await field.getAttribute('aria-describedby'), await alert.getAttribute('id'));
  }
  assert.equal(await name.inputValue(), username, 'what was typed stays');
  assert.equal(await password.inputValue(), '', 'but for the password');
}

async function calculates(page) {
  await sees(page, 'Calculator');
  await page.getByLabel('First number').fill('7');
  await page.getByLabel('Operation').selectOption('divide');
  await page.getByLabel('Second number').fill('2');
  await page.getByRole('button', { name: 'Calculate' }).click();
  assert.equal(await page.getByRole('status').textContent(), '= 3, remainder 1');
  assert.equal(await page.getByLabel('Operation').inputValue(), 'divide', 'what was asked stays');
  await page.getByLabel('Second number').fill('0');
  await page.getByRole('button', { name: 'Calculate' }).click();
  assert.equal(await page.getByRole('alert').textContent(), "A number can't be divided by zero.");
}
