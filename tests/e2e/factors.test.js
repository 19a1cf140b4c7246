// Second factors: an authenticator app, backup codes, trusted devices, and an API that asks for one.
// With CARDEA_WRITE=1 the page that sets up an app is written for the documents.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import {
  NOBODY_YET, backupCodes, devStage, enterOrders, logIn, order, person, placeOrder, press, scan, sees, stage, test,
} from './stage/index.js';

const on = stage();
const dev = devStage();

const IMAGE = fileURLToPath(new URL('../../docs/images/authenticator-app.png', import.meta.url));

async function signOut(page) {
  await page.goto(`${on.provider.issuer}/account`);
  await press(page, 'Sign out');
  await sees(page, 'You are signed out');
}

/** The password, then a code if one is asked for. */
async function signIn(page, code, { trust = false } = {}) {
  await page.goto(`${on.provider.issuer}/account/security`);
  await logIn(page, 'alice');
  if (code === undefined) return;
  await sees(page, 'Confirm it’s you');
  await page.getByLabel('Code', { exact: true }).fill(code);
  if (trust) await page.getByLabel('Trust this device for 30 days').check();
  await press(page, 'Continue');
}

test('an app is set up, asked for, replaced by backup codes, and spared on a trusted device, without JavaScript', async (t) => {
  const { page } = await person(t, on.browser, { javaScriptEnabled: false });
  await signIn(page);
  await sees(page, 'Your account');
  await page.getByRole('link', { name: 'Set up', exact: true }).click();
  await page.getByRole('img', { name: 'QR code for your authenticator app' }).waitFor();
  if (process.env.CARDEA_WRITE === '1') await page.screenshot({ path: IMAGE, fullPage: true });
  const phone = await scan(page);
  await page.getByLabel('Code that the app shows').fill('000000');
  await press(page, 'Confirm');
  await page.getByText('That code is wrong or was used before.').waitFor();
  await page.getByLabel('Code that the app shows').fill(phone.code());
  await press(page, 'Confirm');
  await sees(page, 'Your backup codes');
  const codes = await backupCodes(page);
  assert.equal(new Set(codes).size, 10);
  await page.getByRole('link', { name: 'Back to your account' }).click();
  await page.getByText('10 left').waitFor();

  await signOut(page);
  await signIn(page, phone.code());
  await sees(page, 'Your account');

  await signOut(page);
  const used = codes.shift();
  await signIn(page, used, { trust: true });
  await sees(page, 'Your account');
  await page.getByText('9 left').waitFor();

  // The device is not asked, until it is forgotten.
  await signOut(page);
  await signIn(page);
  await sees(page, 'Your account');
  await page.getByRole('heading', { name: 'Trusted devices' }).waitFor();
  await page.getByRole('button', { name: /^Forget/ }).click();
  await page.getByText('The device is no longer trusted.').waitFor();
  await signOut(page);
  await signIn(page, used);
  await page.getByText('That code is wrong or was used before.').waitFor();

  // 8, 7, 6, 5, 4, and the third last is announced.
  for (let left = 9; left > 3; left -= 1) {
    await signIn(page, codes.shift());
    if (left - 1 <= 3) break;
    await sees(page, 'Your account');
    await signOut(page);
  }
  await sees(page, 'Backup codes are running out');
  await page.getByText('You have 3 backup codes left.').waitFor();
  await page.getByRole('link', { name: 'Continue' }).click();
  await sees(page, 'Your account');
});

/** The API's challenge, which the app answers with a login. */
const CHALLENGE = /^401 \S+\/api\/orders\/\d+$/;

test('the API asks for a second factor: the app goes to get it, comes back, and the order is cancelled', async (t) => {
  const { page } = await person(t, dev.browser, { expects: [NOBODY_YET, CHALLENGE] });
  const { spa } = dev.dev;
  await enterOrders(page, spa);
  await placeOrder(page, 'Door bell', 2);
  await order(page, 'Door bell').waitFor();
  const cancel = () => order(page, 'Door bell').getByRole('button', { name: /^Cancel order/ }).click();

  await cancel();
  await sees(page, 'Set up a second step');
  // Who goes on without one is back with the reason, still signed in, and the order is there.
  await press(page, 'Not now');
  await sees(page, 'Orders');
  await page.getByText('This needs a sign-in with a second factor.').waitFor();
  await order(page, 'Door bell').waitFor();

  await cancel();
  await sees(page, 'Set up a second step');
  const phone = await scan(page);
  await page.getByLabel('Code that the app shows').fill(phone.code());
  await press(page, 'Confirm');
  await sees(page, 'Your backup codes');
  await page.getByRole('link', { name: 'Continue' }).click();
  await sees(page, 'Orders');
  assert.equal(page.url(), spa.href);
  await cancel();
  await order(page, 'Door bell').waitFor({ state: 'detached' });
  await page.reload();
  await sees(page, 'Orders');
  await page.getByRole('status').filter({ hasText: /order/ }).waitFor();
  assert.equal(await order(page, 'Door bell').count(), 0);
});
