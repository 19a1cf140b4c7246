// Unusual paths through a login: tabs, the back button, reloads, old links, browsers without cookies.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';

import {
  HEADING, allow, answer, getsCode, launchWithoutCookies, listen, logIn, person, request, sees, stage, temporaryFolder, test,
} from './stage/index.js';

const on = stage();

const ask = (parameters) =>
  request(on.provider.issuer, { redirect_uri: on.site.redirectUri, prompt: 'consent', ...parameters });

test('a login form left open in another tab continues after a login in this one', async (t) => {
  const { context, page } = await person(t, on.browser);
  const other = await context.newPage();
  const [first, second] = [ask(), ask()];
  await page.goto(first.url);
  await other.goto(second.url);
  await sees(other, 'Sign in');
  await logIn(page);
  await allow(page);
  await getsCode(page, first, on.provider.issuer);

  await logIn(other);
  await allow(other);
  await getsCode(other, second, on.provider.issuer);
});

test('a consent page left open while another user logs in is shown to that user again', async (t) => {
  const { context, page } = await person(t, on.browser);
  const asked = ask();
  await page.goto(asked.url);
  await logIn(page, 'alice');
  await sees(page, 'Allow Orders access?');

  const other = await context.newPage();
  await other.goto(ask({ prompt: 'login consent' }).url);
  await logIn(other, 'bob');
  await sees(other, 'Allow Orders access?');

  await allow(page);
  await sees(page, 'Choose an account');
  await page.getByRole('button', { name: 'Bob B' }).click();
  await sees(page, 'Allow Orders access?');
  await page.getByText('Bob B').waitFor();
  await allow(page);
  await getsCode(page, asked, on.provider.issuer);
});

test('the back button after a login returns to the client', async (t) => {
  const { page } = await person(t, on.browser);
  const asked = ask();
  await page.goto(asked.url);
  await logIn(page);
  await allow(page);
  const { code } = await getsCode(page, asked, on.provider.issuer);

  await page.goBack();
  await allow(page);
  const again = await getsCode(page, asked, on.provider.issuer);
  assert.notEqual(again.code, code);
  assert.equal((await asked.redeem(again.code)).status, 200);
});

test('the back button after an answer by form_post returns to the client', async (t) => {
  const { page } = await person(t, on.browser);
  const asked = ask({ response_mode: 'form_post' });
  await page.goto(asked.url);
  await logIn(page);
  await allow(page);
  const { code } = await getsCode(page, asked, on.provider.issuer);
  // Going back leads to consent, whether the browser keeps the page that posts itself or not.
  await page.goBack();
  await allow(page);
  const again = await getsCode(page, asked, on.provider.issuer);
  assert.notEqual(again.code, code);
});

test('the back button after a refusal by form_post does not ask to send a form again', async (t) => {
  const { page } = await person(t, on.browser);
  const asked = ask({ response_mode: 'form_post' });
  await page.goto(asked.url);
  await logIn(page);
  await page.getByRole('button', { name: 'Don’t allow' }).click();
  assert.equal((await answer(page)).error, 'access_denied');
  // A POST in the history would fail with ERR_CACHE_MISS.
  await page.goBack({ waitUntil: 'commit' });
  const headings = ['Allow Orders access?', HEADING].map((name) => page.getByRole('heading', { level: 1, name }));
  await headings[0].or(headings[1]).waitFor();
});

test('the back button from consent does not show a login form that was finished', async (t) => {
  const { page } = await person(t, on.browser);
  const asked = ask();
  await page.goto(asked.url);
  await logIn(page);
  await sees(page, 'Allow Orders access?');
  await page.goBack();
  await allow(page);
  await getsCode(page, asked, on.provider.issuer);
});

test('consent can be reloaded', async (t) => {
  const { page } = await person(t, on.browser);
  const asked = ask();
  await page.goto(asked.url);
  await logIn(page);
  await sees(page, 'Allow Orders access?');
  await page.reload();
  await allow(page);
  await getsCode(page, asked, on.provider.issuer);
});

test('a login form that is shown again because of a login in another tab says why', async (t) => {
  const { context, page } = await person(t, on.browser);
  const other = await context.newPage();
  const asked = ask({ prompt: 'login consent' });
  await page.goto(asked.url);
  await other.goto(ask().url);
  await logIn(other, 'bob');
  // Only then is the other user logged in.
  await sees(other, 'Allow Orders access?');
  await logIn(page, 'alice');
  await page.getByRole('status').filter({ hasText: 'was not used' }).waitFor();
  await logIn(page, 'alice');
  await allow(page);
  await getsCode(page, asked, on.provider.issuer);
});

test('an empty login form says what is missing', async (t) => {
  const { page } = await person(t, on.browser);
  await page.goto(ask().url);
  await sees(page, 'Sign in');
  await page.locator('form').first().evaluate((form) => (form.noValidate = true));
  await page.getByLabel('User name').fill('alice');
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
  assert.match(await page.getByRole('alert').textContent(), /Enter your password\./);
});

for (const link of ['/account#devices', '/account/devices']) {
  test(`the section of ${link} is shown after a login`, async (t) => {
    const { page } = await person(t, on.browser);
    await page.goto(`${on.provider.issuer}${link}`);
    await page.getByText('to see your account').waitFor();
    await logIn(page, 'alice', 'not-her-password');
    await page.getByRole('alert').waitFor();
    await logIn(page);
    await sees(page, 'Your account');
    assert.equal(new URL(page.url()).pathname, '/account/devices');
  });
}

test('the account page asks for a login and is shown after it', async (t) => {
  const { page } = await person(t, on.browser);
  await page.goto(`${on.provider.issuer}/`);
  await page.getByText('to see your account').waitFor();
  await logIn(page);
  await sees(page, 'Your account');
});

test('a browser without cookies gets a page that says so', async (t) => {
  const folder = await temporaryFolder();
  const context = await launchWithoutCookies(folder);
  const complaints = listen(context);
  t.after(async () => {
    await context.close();
    await rm(folder, { recursive: true, force: true });
  });
  const [page] = context.pages();
  await page.goto(ask().url);
  await logIn(page);
  await sees(page, 'Please start again here');
  await page.getByText('Allow cookies for this site').waitFor();
  assert.deepEqual(complaints, []);
});

test('a redirect that is not registered stays at the provider, with a reference for the help desk', async (t) => {
  const { page } = await person(t, on.browser);
  const response = await page.goto(ask({ redirect_uri: `${on.site.origin}/elsewhere` }).url);
  assert.equal(response.status(), 400);
  await sees(page, 'We won’t send you there');
  assert.equal(new URL(page.url()).origin, on.provider.issuer);
  const reference = await page.locator('.reference').textContent();
  assert.equal(reference, response.headers()['x-request-id']);
  assert.match(reference, /^[a-z0-9]{12}$/);
  assert.match(on.provider.said(), new RegExp(reference), 'the log has it too');
});

test('an unknown client and an unknown address get a page', async (t) => {
  const { page } = await person(t, on.browser);
  await page.goto(ask({ client_id: 'nobody' }).url);
  await sees(page, 'We don’t know this app');
  await page.goto(`${on.provider.issuer}/nothing`);
  await sees(page, 'There is nothing here');
});
