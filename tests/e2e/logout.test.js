// The end of a session: by `/end_session`, with a hint immediately and without one after a confirmation, or from the account page.

import assert from 'node:assert/strict';

import { allow, answer, getsCode, logIn, person, request, sees, stage, test } from './stage/index.js';

const on = stage();

/** A browser in which alice has logged in to the client. */
async function loggedIn(t) {
  const { page } = await person(t, on.browser);
  const asked = request(on.provider.issuer, { redirect_uri: on.site.redirectUri, prompt: 'consent' });
  await page.goto(asked.url);
  await logIn(page);
  await allow(page);
  const { code } = await getsCode(page, asked, on.provider.issuer);
  return { page, hint: (await asked.redeem(code)).id_token };
}

const endSession = (parameters) => `${on.provider.issuer}/end_session?${new URLSearchParams(parameters)}`;

async function isLoggedOut(page) {
  await page.goto(`${on.provider.issuer}/account`);
  await sees(page, 'Sign in');
}

async function isLoggedIn(page) {
  await page.goto(`${on.provider.issuer}/account`);
  await sees(page, 'Your account');
}

test('a hint of this session logs out without a question and returns to the client', async (t) => {
  const { page, hint } = await loggedIn(t);
  const uri = `${on.site.origin}/goodbye`;
  await page.goto(endSession({ id_token_hint: hint, post_logout_redirect_uri: uri, state: 'bye' }));
  assert.deepEqual(await answer(page), { path: '/goodbye', method: 'GET', state: 'bye' });
  await isLoggedOut(page);
});

test('without a hint the user is asked, and gets a link back to the client', async (t) => {
  const { page } = await loggedIn(t);
  const uri = `${on.site.origin}/goodbye`;
  await page.goto(endSession({ client_id: 'web', post_logout_redirect_uri: uri, state: 'bye' }));
  await sees(page, 'Sign out?');
  await page.getByText('Alice A').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await sees(page, 'You are signed out');
  await page.getByRole('link', { name: 'Back to Orders' }).click();
  assert.deepEqual(await answer(page), { path: '/goodbye', method: 'GET', state: 'bye' });
  await isLoggedOut(page);
});

test('a user who chooses “Stay signed in” keeps the session', async (t) => {
  const { page } = await loggedIn(t);
  await page.goto(endSession({}));
  await sees(page, 'Sign out?');
  await page.getByRole('link', { name: 'Stay signed in' }).click();
  await sees(page, 'Your account');
});

test('the hint of another session leads to a confirmation page', async (t) => {
  const { hint } = await loggedIn(t);
  const { page } = await loggedIn(t);
  await page.goto(endSession({ id_token_hint: hint }));
  await sees(page, 'Sign out?');
  await isLoggedIn(page);
});

test('a forged hint logs no user out', async (t) => {
  const { page, hint } = await loggedIn(t);
  const [header, payload, signature] = hint.split('.');
  const forged = [header, payload, signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`];
  await page.goto(endSession({ id_token_hint: forged.join('.') }));
  await sees(page, 'You are still signed in');
  await isLoggedIn(page);
});

test('the back button after a logout shows nothing of the account', async (t) => {
  const { page } = await loggedIn(t);
  await page.goto(`${on.provider.issuer}/account`);
  await sees(page, 'Your account');
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await sees(page, 'You are signed out');
  await page.goBack();
  await sees(page, 'Sign in');
});

test('a session of another browser is ended from the account page', async (t) => {
  const [here, elsewhere] = [await person(t, on.browser), await person(t, on.browser)];
  for (const { page } of [elsewhere, here]) {
    await page.goto(`${on.provider.issuer}/account/devices`);
    await logIn(page, 'carol');
    await sees(page, 'Your account');
  }
  const sessions = here.page.getByRole('region', { name: 'Devices' }).getByRole('listitem');
  assert.equal(await sessions.count(), 2);
  await sessions.filter({ hasNotText: 'this device' }).getByRole('button', { name: /^Sign out/ }).click();
  await sessions.nth(1).waitFor({ state: 'detached' });
  await isLoggedIn(here.page);
  await isLoggedOut(elsewhere.page);
});
