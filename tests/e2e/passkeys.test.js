// Passkeys, with Chromium's virtual authenticator: added on the account page, used alone, in the field of the user name, and as the
// second factor.

import assert from 'node:assert/strict';

import { backupCodes, logIn, person, press, sees, stage, test } from './stage/index.js';

const on = stage();

/** A device with a screen lock, in the browser of a page. */
async function device(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options });
  const send = (command, parameters) => session.send(`WebAuthn.${command}`, { authenticatorId, ...parameters });
  return {
    passkeys: async () => (await send('getCredentials')).credentials,
    /** Whether the user is there to confirm. */
    confirms: (enabled) => send('setAutomaticPresenceSimulation', { enabled }),
    /** Whether the screen lock recognizes the user. */
    recognizes: (isUserVerified) => send('setUserVerified', { isUserVerified }),
  };
}

const account = (page) => page.goto(`${on.provider.issuer}/account/security`);

async function signOut(page) {
  await page.goto(`${on.provider.issuer}/account`);
  await press(page, 'Sign out');
  await sees(page, 'You are signed out');
}

async function add(page, name) {
  await page.getByRole('link', { name: 'Manage', exact: true }).first().click();
  await page.getByRole('heading', { name: 'Your passkeys' }).waitFor();
  await page.getByLabel('Name of the new passkey').fill(name);
  await press(page, 'Add a passkey');
}

test('a passkey is added, signs in alone, in the field of the user name and after the password, and is removed', async (t) => {
  const { page } = await person(t, on.browser);
  const laptop = await device(page);
  await account(page);
  await logIn(page, 'alice');
  await sees(page, 'Your account');
  await add(page, 'Laptop');
  await sees(page, 'Your backup codes');
  assert.equal((await backupCodes(page)).length, 10);
  await page.getByRole('link', { name: 'Back to your account' }).click();
  await page.getByText('You have one').waitFor();
  const [passkey] = await laptop.passkeys();
  assert.equal(passkey.rpId, 'localhost');
  assert.ok(passkey.isResidentCredential);

  // By the button, without a user name.
  await laptop.confirms(false);
  await signOut(page);
  await account(page);
  await sees(page, 'Sign in');
  await laptop.confirms(true);
  await press(page, 'Use a passkey');
  await sees(page, 'Your account');

  // Chosen in the list of the field for the user name.
  await signOut(page);
  await account(page);
  await sees(page, 'Your account');

  // After the password.
  await laptop.confirms(false);
  await signOut(page);
  await account(page);
  await logIn(page, 'alice');
  await sees(page, 'Confirm it’s you');
  await laptop.recognizes(false);
  await laptop.confirms(true);
  await press(page, 'Use a passkey');
  await page.getByText('That did not work or was cancelled. Please try again.').waitFor();
  await laptop.recognizes(true);
  await press(page, 'Use a passkey');
  await sees(page, 'Your account');

  await page.getByRole('link', { name: 'Manage', exact: true }).first().click();
  await page.getByText('Rename').click();
  await page.getByLabel('Name of the passkey').fill('Key ring');
  await press(page, 'Save');
  await page.getByText('The new name was saved.').waitFor();
  await page.getByRole('button', { name: 'Remove Key ring' }).click();
  await page.getByText('The passkey was removed.').waitFor();
});

test('a passkey is not offered without JavaScript, and its page says so', async (t) => {
  const { page } = await person(t, on.browser, { javaScriptEnabled: false });
  await account(page);
  assert.equal(await page.getByRole('button', { name: 'Use a passkey' }).count(), 0);
  await logIn(page, 'bob');
  await sees(page, 'Your account');
  await page.getByRole('link', { name: 'Manage', exact: true }).first().click();
  await page.getByText('Passkeys need JavaScript and a current browser.').waitFor();
});
