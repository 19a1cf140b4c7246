// Sign-in at other providers, by each preset, in a browser that keeps cookies as browsers do.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

import axe from 'axe-core';

import { PASSWORDS, TINY, launch, logIn, person, sees, temporaryFolder, test } from './stage/index.js';
import { serve } from './stage/provider.js';
import { PRESETS, upstream } from './stage/upstream.js';

const on = {};
const SHOWN = { openid: 'Dana Openid', entra: 'Dana Entra', google: 'Dana Google', github: 'Dana Github', apple: 'Dana Apple' };

const USERS = `
[[users]]
username = "alice"
email = "alice@example.test"
email_verified = true
password = "${PASSWORDS.alice}"
`;
const image = (name) => fileURLToPath(new URL(`../../docs/images/${name}.png`, import.meta.url));

before(async () => {
  on.upstreams = await Promise.all(PRESETS.map(upstream));
  const secret = join(await temporaryFolder(), 'secret');
  await writeFile(secret, 'the-secret-of-the-browser-tests', { mode: 0o600 });
  const section = ({ preset, issuer }) => `
[[upstreams]]
id = "${preset}"
name = "Mock ${preset}"
preset = "${preset}"
issuer = "${issuer}"
client_id = "cardea"
client_secret_file = "${secret}"
logout = ${preset === 'openid'}
`;
  on.provider = await serve(on.upstreams.map(section).join('') + USERS);
  on.browser = await launch();
});

after(async () => {
  await Promise.all([on.browser?.close(), on.provider?.stop(), ...(on.upstreams ?? []).map(({ stop }) => stop())]);
});

/** Accessible, light and dark, and no wider than a narrow screen. With CARDEA_WRITE=1 a screenshot in English is written for the documents. */
async function isGood(page, name, lang = 'en') {
  await page.waitForLoadState('load');
  assert.equal(await page.locator('html').getAttribute('lang'), lang, name);
  await page.evaluate(axe.source);
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    assert.deepEqual(violations.map(({ id }) => id), [], `${name}, ${colorScheme}`);
  }
  if (process.env.CARDEA_WRITE === '1' && lang === 'en') await page.screenshot({ path: image(name), fullPage: true });
  const before = page.viewportSize();
  await page.setViewportSize(TINY);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), TINY.width, name);
  await page.setViewportSize(before);
}

/** Signs in at a provider, to the account page. */
async function signedIn(t, preset) {
  const { page } = await person(t, on.browser);
  await page.goto(`${on.provider.issuer}/account`);
  await page.getByRole('button', { name: `Continue with Mock ${preset}` }).click();
  await sees(page, `Mock of ${preset}`);
  await page.getByText('Continue', { exact: true }).click();
  await sees(page, 'Your account');
  return page;
}

for (const preset of PRESETS) {
  test(`a user signs in at ${preset}`, async (t) => {
    const page = await signedIn(t, preset);
    await page.getByText(SHOWN[preset]).first().waitFor();
    assert.equal(new URL(page.url()).origin, on.provider.issuer);
  });
}

test('the sign-out of the account leads to the provider and back', async (t) => {
  const page = await signedIn(t, 'openid');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await sees(page, 'Mock of openid');
  const { logouts } = on.upstreams.find(({ preset }) => preset === 'openid');
  assert.equal(logouts.length, 1);
  await page.getByRole('link', { name: 'Back' }).click();
  await sees(page, 'You are signed out');
  await page.goto(`${on.provider.issuer}/account`);
  await sees(page, 'Sign in');
});

for (const locale of ['de', 'fr', 'es']) {
  test(`the pages that link an account are accessible in ${locale}`, async (t) => {
    const { page } = await person(t, on.browser, { locale });
    await page.goto(`${on.provider.issuer}/account`);
    await isGood(page, 'login-with-providers', locale);
    await page.locator('form[action$="/federation/openid"] button').click();
    await page.getByText('As Alice').click();
    await page.locator('main a.primary').waitFor();
    await isGood(page, 'ask-to-link', locale);
    await page.locator('main a.primary').click();
    await page.locator('#username').fill('alice');
    await page.locator('#password').fill(PASSWORDS.alice);
    await page.locator('button.primary').click();
    await page.locator('form[action$="/link_account"]').first().waitFor();
    await isGood(page, 'link-account', locale);
    await page.goto(`${on.provider.issuer}/account/security/links`);
    await isGood(page, 'links', locale);
  });
}

test('an account with the same address is linked after a sign-in and one confirmation', async (t) => {
  const { page } = await person(t, on.browser);
  await page.goto(`${on.provider.issuer}/account`);
  await isGood(page, 'login-with-providers');
  await page.getByRole('button', { name: 'Continue with Mock google' }).waitFor();
  await page.getByRole('button', { name: 'Continue with Mock openid' }).click();
  await page.getByText('As Alice').click();
  await sees(page, 'You already have an account here');
  await isGood(page, 'ask-to-link');
  await page.getByRole('link', { name: 'Sign in to your account' }).click();
  await logIn(page);
  await sees(page, 'Link your Mock openid account?');
  await isGood(page, 'link-account');
  await page.getByRole('button', { name: 'Link this account' }).click();
  await sees(page, 'Your account');

  const { page: again } = await person(t, on.browser, { javaScriptEnabled: false });
  await again.goto(`${on.provider.issuer}/account`);
  await again.getByRole('button', { name: 'Continue with Mock openid' }).click();
  await again.getByText('As Alice').click();
  await sees(again, 'Your account');
  await again.getByText('alice').first().waitFor();
});
