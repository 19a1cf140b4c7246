// A password that was forgotten, and devices that are signed out from another one.

import assert from 'node:assert/strict';

import { devStage, followMail, logIn, logInAs, openMail, person, press, sees, test } from './stage/index.js';

const on = devStage();

const SUBJECT = 'Choose a new password for Cardea';
const NEW = 'seven-otters-in-a-canoe';

/** A browser that is signed in, on the page with its devices. */
async function signedIn(t, username, options) {
  const { page } = await person(t, on.browser, options);
  await page.goto(`${on.dev.issuer}/account/devices`);
  await logInAs(page, username);
  await sees(page, 'Your account');
  return page;
}

test('a forgotten password is replaced by a link that is mailed, without JavaScript', async (t) => {
  const { issuer } = on.dev;
  const before = await signedIn(t, 'alice');
  const { page } = await person(t, on.browser, { javaScriptEnabled: false });
  await page.goto(`${issuer}/account`);
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await sees(page, 'Forgot your password?');
  await page.getByLabel('User name or email').fill('alice@example.test');
  await press(page, 'Send the link');
  await page.getByText('If there is an account').waitFor();
  const link = await followMail(page, issuer, { to: 'alice@example.test', subject: SUBJECT });
  await sees(page, 'Choose a new password');
  await page.getByLabel('New password').fill('password1');
  await press(page, 'Set the password');
  await page.getByRole('alert').filter({ hasText: /easy to guess/ }).waitFor();
  await page.getByLabel('New password').fill(NEW);
  await press(page, 'Set the password');
  await sees(page, 'Your password is set');
  await page.getByRole('link', { name: 'Sign in' }).click();
  await logInAs(page, 'alice');
  await page.getByRole('alert').filter({ hasText: /Incorrect user name or password/ }).waitFor();
  await logIn(page, 'alice', NEW);
  await sees(page, 'Your account');

  await before.reload();
  await sees(before, 'Sign in');
  await page.goto(link);
  await sees(page, 'This link no longer works');
});

test('a name that no account has gets the same page, and no mail', async (t) => {
  const { issuer } = on.dev;
  const { page } = await person(t, on.browser);
  for (const name of ['nobody@example.test', 'bob']) {
    await page.goto(`${issuer}/password_reset`);
    await page.getByLabel('User name or email').fill(name);
    await press(page, 'Send the link');
    await page.getByText('If there is an account').waitFor();
  }
  // Mails are sent in the order in which they were asked for.
  await openMail(page, issuer, { to: 'bob@example.test', subject: SUBJECT });
  await page.getByRole('link', { name: 'All mails' }).click();
  await sees(page, 'Mailbox');
  assert.equal(await page.getByText('nobody@example.test').count(), 0);
});

test('one device is signed out from another one, then all others are', async (t) => {
  const phone = await signedIn(t, 'bob', { userAgent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1' });
  const tablet = await signedIn(t, 'bob', { javaScriptEnabled: false });
  const page = await signedIn(t, 'bob');
  await page.getByText('Signed in on 3 devices').waitFor();
  const own = page.getByRole('listitem').filter({ hasText: 'this device' });
  assert.equal(await own.count(), 1);

  await page.getByRole('listitem').filter({ hasText: /iPhone|iOS/ }).getByRole('button', { name: /^Sign out/ }).click();
  await page.getByText('That device is signed out.').waitFor();
  await page.getByText('Signed in on 2 devices').waitFor();
  await phone.reload();
  await sees(phone, 'Sign in');
  await tablet.reload();
  await sees(tablet, 'Your account');

  await press(page, 'Sign out of all others');
  await page.getByText('All other devices are signed out.').waitFor();
  await page.getByText('Signed in on 1 device').waitFor();
  await tablet.reload();
  await sees(tablet, 'Sign in');
  await page.reload();
  await sees(page, 'Your account');
});
