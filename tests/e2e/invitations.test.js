// Invitations into an organization, and the choice between several.

import assert from 'node:assert/strict';

import { NOBODY_YET, WELCOME, allow, devStage, followMail, logInAs, person, press, sees, test } from './stage/index.js';
import { operate } from './stage/dev.js';

const on = devStage();

const INVITED = 'You are invited to an organization at Cardea';

const cardea = (...words) => operate(on.dev, ...words);

test('an invited stranger makes an account, and is a member of the organization', async (t) => {
  const { page } = await person(t, on.browser, { javaScriptEnabled: false });
  const { issuer } = on.dev;
  assert.match(await cardea('invitation', 'add', 'dora@example.test', '--org', 'acme', '--role', 'buyer'), /the link is mailed/);
  const link = await followMail(page, issuer, { to: 'dora@example.test', subject: INVITED });
  await sees(page, 'Your invitation');
  await page.getByText('Acme Doors').first().waitFor();
  await page.getByText('dora@example.test').waitFor();
  await page.getByLabel('User name').fill('alice');
  await page.getByLabel('Password', { exact: true }).fill('seven-otters-in-a-canoe');
  await press(page, 'Create the account');
  await page.getByRole('alert').filter({ hasText: /This user name is taken/ }).waitFor();
  await page.getByLabel('User name').fill('dora');
  await page.getByLabel('Password', { exact: true }).fill('seven-otters-in-a-canoe');
  await press(page, 'Create the account');
  await sees(page, 'Your account');
  await page.getByRole('region', { name: 'Organizations' }).getByText('Acme Doors').waitFor();
  await page.goto(link);
  await sees(page, 'This link no longer works');
});

test('a user joins with the account that has the invited address, and then chooses the organization at the app', async (t) => {
  const { page } = await person(t, on.browser, { expects: [NOBODY_YET] });
  const { issuer, spa } = on.dev;
  await cardea('invitation', 'add', 'alice@example.test', '--org', 'globex');

  // Somebody else is signed in.
  await page.goto(`${issuer}/account`);
  await logInAs(page, 'bob');
  await sees(page, 'Your account');
  await followMail(page, issuer, { to: 'alice@example.test', subject: INVITED });
  await page.getByText('you are signed in as Bob B').waitFor();
  await press(page, 'Sign out');
  await page.getByText('alice@example.test has an account already').waitFor();
  await press(page, 'Sign in');
  await logInAs(page, 'alice');
  await sees(page, 'Your invitation');
  await press(page, 'Join Globex');
  await sees(page, 'Your account');
  await page.getByText('You are a member now.').waitFor();
  const organizations = page.getByRole('region', { name: 'Organizations' });
  assert.deepEqual(await organizations.getByRole('listitem').allTextContents(), ['Acme Doors', 'Globex']);

  await page.goto(spa.href);
  await sees(page, WELCOME);
  await page.getByRole('link', { name: 'Sign in' }).click();
  await sees(page, 'Choose an organization');
  await page.getByLabel('Globex').check();
  await press(page, 'Continue');
  await page.getByText('You act for Globex').waitFor();
  await allow(page);
  await sees(page, 'Orders');
});

test('an invitation that was revoked does nothing any more', async (t) => {
  const { page } = await person(t, on.browser);
  await cardea('invitation', 'add', 'emil@example.test');
  const link = await followMail(page, on.dev.issuer, { to: 'emil@example.test', subject: 'You are invited to Cardea' });
  await sees(page, 'Your invitation');
  const { items } = JSON.parse(await cardea('invitation', 'list', '--json'));
  await cardea('invitation', 'revoke', items.find(({ email }) => email === 'emil@example.test').id);
  await page.getByLabel('User name').fill('emil');
  await page.getByLabel('Password', { exact: true }).fill('seven-otters-in-a-canoe');
  await press(page, 'Create the account');
  await sees(page, 'This link no longer works');
  await page.goto(link);
  await sees(page, 'This link no longer works');
});
