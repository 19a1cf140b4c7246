// The steps of a user, and the pages that they see.

import assert from 'node:assert/strict';

import { HEADING } from './client.js';

/** The users of `serve`, which refuses the passwords of `cardea dev`. */
export const PASSWORDS = {
  alice: 'behind-the-looking-glass-3',
  bob: 'who-can-fix-it-yes-8',
  carol: 'a-lintel-and-2-posts',
};

/** The page with this heading is shown. */
export async function sees(page, heading) {
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
}

/** Presses the button with this name. */
export const press = (page, name) => page.getByRole('button', { name, exact: true }).click();

export async function logIn(page, username = 'alice', password = PASSWORDS[username]) {
  await sees(page, 'Sign in');
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Continue', exact: true }).click();
}

export async function allow(page, client = 'Orders') {
  await sees(page, `Allow ${client} access?`);
  const button = page.getByRole('button', { name: 'Allow', exact: true });
  await settled(button);
  await button.click();
}

/** A button that allows access ignores clicks in its first half second. */
export const settled = (button) => button.evaluate((element) => Promise.all(element.getAnimations().map(({ finished }) => finished)));

/** The answer that the client received. */
export async function answer(page) {
  await sees(page, HEADING);
  return JSON.parse(await page.locator('#answer').textContent());
}

/** The client got a code, for the state it sent, from this issuer. */
export async function getsCode(page, { state }, issuer) {
  const got = await answer(page);
  assert.equal(got.path, '/callback');
  assert.equal(got.error, undefined, got.error_description);
  assert.equal(got.state, state);
  assert.equal(got.iss, issuer);
  assert.match(got.code, /^[\w-]{51}$/);
  return got;
}
