// Choices of the client and the user during a login: another login, another account, a refusal.

import assert from 'node:assert/strict';

import { allow, answer, claims, getsCode, logIn, person, request, sees, stage, test } from './stage/index.js';

const on = stage();

const ask = (parameters) => request(on.provider.issuer, { redirect_uri: on.site.redirectUri, ...parameters });

/** A browser in which alice has logged in to the client and allowed it everything. */
async function alice(t) {
  const { page } = await person(t, on.browser);
  const asked = ask({ prompt: 'consent' });
  await page.goto(asked.url);
  await logIn(page);
  await allow(page);
  return { page, first: await tokens(page, asked) };
}

async function tokens(page, asked) {
  const { code } = await getsCode(page, asked, on.provider.issuer);
  const { id_token } = await asked.redeem(code);
  return claims(id_token);
}

test('a second login asks nothing', async (t) => {
  const { page, first } = await alice(t);
  const asked = ask({});
  await page.goto(asked.url);
  const again = await tokens(page, asked);
  assert.deepEqual([again.sub, again.sid, again.auth_time], [first.sub, first.sid, first.auth_time]);
});

test('prompt=login asks for the password again and keeps the session', async (t) => {
  const { page, first } = await alice(t);
  const asked = ask({ prompt: 'login' });
  await page.goto(asked.url);
  await logIn(page);
  const again = await tokens(page, asked);
  assert.deepEqual([again.sub, again.sid], [first.sub, first.sid]);
});

test('prompt=select_account lets the user continue, or log in as another', async (t) => {
  const { page, first } = await alice(t);
  const same = ask({ prompt: 'select_account' });
  await page.goto(same.url);
  await sees(page, 'Choose an account');
  await page.getByRole('button', { name: /Continue as/ }).click();
  assert.equal((await tokens(page, same)).sub, first.sub);

  const other = ask({ prompt: 'select_account consent' });
  await page.goto(other.url);
  await sees(page, 'Choose an account');
  await page.getByRole('button', { name: 'Use another account' }).click();
  await logIn(page, 'bob');
  await allow(page);
  const bob = await tokens(page, other);
  assert.notEqual(bob.sub, first.sub);
  assert.notEqual(bob.sid, first.sid);
});

test('prompt=none gets an answer without a page', async (t) => {
  const { page } = await person(t, on.browser);
  const asked = ask({ prompt: 'none' });
  await page.goto(asked.url);
  const { error, state } = await answer(page);
  assert.deepEqual([error, state], ['login_required', asked.state]);
});

test('a login_hint fills in the field', async (t) => {
  const { page } = await person(t, on.browser);
  await page.goto(ask({ login_hint: 'alice' }).url);
  await sees(page, 'Sign in');
  assert.equal(await page.getByLabel('User name').inputValue(), 'alice');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'password');
});

test('a denied consent is reported to the client', async (t) => {
  const { page } = await person(t, on.browser);
  const asked = ask({ prompt: 'consent' });
  await page.goto(asked.url);
  await logIn(page);
  await sees(page, 'Allow Orders access?');
  await page.getByRole('button', { name: 'Don’t allow' }).click();
  const { error, state, iss, code } = await answer(page);
  assert.deepEqual([error, state, iss, code], ['access_denied', asked.state, on.provider.issuer, undefined]);
});

test('“Not you?” lets another user log in and consent', async (t) => {
  const { page } = await person(t, on.browser);
  const asked = ask({ prompt: 'consent' });
  await page.goto(asked.url);
  await logIn(page, 'alice');
  await sees(page, 'Allow Orders access?');
  await page.getByText('Alice A').waitFor();
  await page.getByRole('button', { name: 'Not you?' }).click();
  await logIn(page, 'bob');
  await sees(page, 'Allow Orders access?');
  await page.getByRole('main').getByText('Bob B').first().waitFor();
  await allow(page);
  await getsCode(page, asked, on.provider.issuer);
  await page.goto(`${on.provider.issuer}/account`);
  await page.getByRole('main').getByText('Bob B').first().waitFor();
});
