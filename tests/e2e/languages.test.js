// The pages in other languages than English, each on a screen of its own: longer words must not make a page scroll sideways.

import assert from 'node:assert/strict';

import axe from 'axe-core';

import { FAR_REDIRECT, NATIVE_REDIRECT, PASSWORDS, TINY, VIEWER, listen, request, stage, test } from './stage/index.js';

const on = stage();

const SCREENS = [
  { locale: 'de-AT', fontSize: '100%', viewport: TINY },
  { locale: 'fr-CA', fontSize: '200%', viewport: TINY },
  { locale: 'es-419', fontSize: '100%', viewport: VIEWER.viewport },
];

for (const { locale, fontSize, viewport } of SCREENS) {
  test(`every page in ${locale} fits ${viewport.width} pixels with type of ${fontSize}, and axe finds nothing`, async () => {
    const context = await on.browser.newContext({ ...VIEWER, viewport, locale });
    const complaints = listen(context);
    const page = await context.newPage();
    const [lang] = locale.split('-');
    await everyPage(page, async (name) => {
      await page.waitForLoadState('load');
      assert.equal(await page.locator('html').getAttribute('lang'), lang, name);
      assert.equal(await width(page, fontSize), viewport.width, name);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      assert.deepEqual(violations.map(({ id }) => id), [], name);
    });
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

const width = (page, fontSize) =>
  page.evaluate((size) => {
    const root = document.documentElement;
    root.style.fontSize = size;
    const { scrollWidth } = root;
    root.removeAttribute('style');
    return scrollWidth;
  }, fontSize);

/** Visits all pages without reading a word of them, and calls back on each. */
async function everyPage(page, stop) {
  const { issuer } = on.provider;
  const ask = (parameters) =>
    request(issuer, { redirect_uri: FAR_REDIRECT, scope: 'openid profile email offline_access orders:read', prompt: 'consent', ...parameters }).url;
  const visit = async (name, url) => {
    await page.goto(url);
    await stop(name);
  };
  const submit = async (password) => {
    await page.locator('#username').fill('bob');
    await page.locator('#password').fill(password);
    await page.locator('button.primary').click();
  };
  await visit('login', ask({ prompt: 'login' }));
  await submit('not-the-password');
  await page.locator('#problem').waitFor();
  await stop('refused');
  await submit(PASSWORDS.bob);
  await page.locator('main.consent').waitFor();
  await stop('consent');
  await visit('native consent', ask({ client_id: 'desk', redirect_uri: NATIVE_REDIRECT, scope: 'openid' }));
  await visit('chooser', ask({ prompt: 'select_account' }));
  for (const section of ['profile', 'security', 'devices', 'apps', 'activity', 'deletion', 'export']) {
    await visit(`account, ${section}`, `${issuer}/account/${section}`);
  }
  await visit('account, password', `${issuer}/account/security/password`);
  await visit('error', ask({ redirect_uri: `${on.site.origin}/elsewhere` }));
  await visit('logout', `${issuer}/end_session`);
  await page.locator('button.primary').click();
  await page.waitForURL(/confirm$/);
  await stop('logged out');
}
