// A stranger gets an account: sign-up, the mail, the confirmation, and the app that it began in.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  NOBODY_YET, WELCOME, allow, devStage, followMail, logIn, openMail, person, press, sees, temporaryFolder, test,
} from './stage/index.js';

const configuration = join(await temporaryFolder(), 'people.toml');
await writeFile(configuration, '[sign_up]\nmode = "open"\n');
const on = devStage({ more: ['--config', configuration] });

const PASSWORD = 'seven-otters-in-a-canoe';
const CONFIRM = 'Confirm your address for Cardea';

/** Fills in the form of a sign-up. */
async function signUp(page, username, { email = `${username}@example.test`, password = PASSWORD } = {}) {
  await sees(page, 'Create an account');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await press(page, 'Continue');
}

/** A new account of a browser, which is signed in. */
async function newAccount(page, username) {
  const { issuer } = on.dev;
  await page.goto(`${issuer}/sign_up`);
  await signUp(page, username);
  await sees(page, 'Check your email');
  const link = await followMail(page, issuer, { to: `${username}@example.test`, subject: CONFIRM });
  await sees(page, 'Confirm your address');
  await press(page, 'Confirm and continue');
  await sees(page, 'Your account');
  return link;
}

test('a stranger signs up at an app, confirms the address, and is signed in at the app', async (t) => {
  const { context, page } = await person(t, on.browser, { expects: [NOBODY_YET] });
  const { issuer, spa } = on.dev;
  await page.goto(spa.href);
  await sees(page, WELCOME);
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'Create an account' }).click();
  await signUp(page, 'dora');
  await sees(page, 'Check your email');

  const tab = await context.newPage();
  await followMail(tab, issuer, { to: 'dora@example.test', subject: CONFIRM });
  await sees(tab, 'Confirm your address');
  await tab.getByText('dora@example.test').waitFor();
  await press(tab, 'Confirm and continue');
  await allow(tab);
  await sees(tab, 'Orders');
  assert.equal(tab.url(), spa.href);

  await tab.goto(`${issuer}/account/profile`);
  await sees(tab, 'Your account');
  await tab.getByText('verified', { exact: true }).waitFor();
});

test('a stranger signs up at the webapp without JavaScript', async (t) => {
  const { page } = await person(t, on.browser, { javaScriptEnabled: false });
  const { issuer, webapp } = on.dev;
  await page.goto(webapp.href);
  await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'Create an account' }).click();
  await signUp(page, 'emil');
  await followMail(page, issuer, { to: 'emil@example.test', subject: CONFIRM });
  await press(page, 'Confirm and continue');
  await allow(page, 'Webapp');
  await sees(page, 'Hello, emil');
});

test('the owner of an address that is taken gets a mail that says so, and the page says nothing', async (t) => {
  const { page } = await person(t, on.browser);
  const { issuer } = on.dev;
  await page.goto(`${issuer}/sign_up`);
  await signUp(page, 'mallory', { email: 'Alice@example.test' });
  await sees(page, 'Check your email');
  await openMail(page, issuer, { to: 'Alice@example.test', subject: 'You already have an account at Cardea' });
  assert.equal(await page.getByText('mallory').count(), 0);
});

test('what is wrong is said at its field, and what was entered stays', async (t) => {
  const { page } = await person(t, on.browser);
  await page.goto(`${on.dev.issuer}/sign_up`);
  await signUp(page, 'frida', { password: 'password1' });
  await page.getByRole('alert').filter({ hasText: /easy to guess/ }).waitFor();
  assert.equal(await page.getByLabel('User name').inputValue(), 'frida');
  assert.equal(await page.getByLabel('Email').inputValue(), 'frida@example.test');
  assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), '');
  await signUp(page, 'fri@da', { email: 'frida@example.test' });
  await page.getByRole('alert').filter({ hasText: /no @/ }).waitFor();
  assert.equal(await page.locator('[aria-invalid=true]').getAttribute('name'), 'username');
  await page.locator('form').evaluate((form) => (form.noValidate = true));
  await signUp(page, 'frida', { email: 'frida' });
  await page.getByRole('alert').filter({ hasText: /Enter an email address/ }).waitFor();
  assert.equal(await page.locator('[aria-invalid=true]').getAttribute('name'), 'email');
});

test('a link that was used makes no second account, and a user name that is taken is chosen again', async (t) => {
  const { page } = await person(t, on.browser);
  const used = await newAccount(page, 'gerda');
  await page.goto(used);
  await sees(page, 'This link no longer works');

  const { page: other } = await person(t, on.browser);
  const { issuer } = on.dev;
  await other.goto(`${issuer}/sign_up`);
  await signUp(other, 'gerda', { email: 'other-gerda@example.test' });
  await followMail(other, issuer, { to: 'other-gerda@example.test', subject: CONFIRM });
  await press(other, 'Confirm and continue');
  await other.getByRole('alert').filter({ hasText: /This user name is taken/ }).waitFor();
  await other.getByLabel('User name').fill('other-gerda');
  await press(other, 'Confirm and continue');
  await sees(other, 'Your account');
});

test('in another browser than the one that signed up, a password is chosen there', async (t) => {
  const { page } = await person(t, on.browser);
  const { page: elsewhere } = await person(t, on.browser, { javaScriptEnabled: false });
  const { issuer } = on.dev;
  await page.goto(`${issuer}/sign_up`);
  await signUp(page, 'hilda');
  await sees(page, 'Check your email');
  await followMail(elsewhere, issuer, { to: 'hilda@example.test', subject: CONFIRM });
  await elsewhere.getByText('Choose your password here').waitFor();
  await elsewhere.getByLabel('Password', { exact: true }).fill('nine-herons-on-a-roof');
  await press(elsewhere, 'Confirm and continue');
  await sees(elsewhere, 'Your account');

  await page.goto(`${issuer}/account`);
  await logIn(page, 'hilda@example.test', PASSWORD);
  await page.getByRole('alert').filter({ hasText: /Incorrect user name or password/ }).waitFor();
  await logIn(page, 'hilda@example.test', 'nine-herons-on-a-roof');
  await sees(page, 'Your account');
});
