// Accessibility of every page: assistive technology, keyboard, screens and settings.
// With CARDEA_WRITE=1 some screenshots are written for the documents.

import assert from 'node:assert/strict';

import {
  FAR_REDIRECT, NATIVE_REDIRECT, TINY, VIEWER, allow, getsCode, inspect, listen, logIn, request, sees, stage, test,
} from './stage/index.js';

const on = stage();

/** All states of the pages, as the documents show them. */
const STATES = ['login', 'refused', 'consent', 'native-consent', 'chooser', 'account', 'logout', 'logged-out', 'error'];
const DRAWN = STATES.flatMap((state) => ['light', 'dark'].flatMap((scheme) => ['wide', 'narrow'].map((width) => `${state}-${scheme}-${width}`)));

test('every page has its landmarks, one heading, labels and a language', async () => {
  for (const [name, { structure }] of await walk()) {
    const { title, scripts, inline, ...rest } = structure;
    assert.match(title, /^.+ · Cardea$/, name);
    assert.deepEqual(rest, { lang: 'en', headings: 1, mains: 1, nameless: 0, twice: 0 }, name);
    // The scripts are inline, allowed by their hashes; nothing else is.
    assert.ok(scripts <= 2 && inline === scripts, name);
  }
});

test('axe finds nothing on any page, light and dark, wide and narrow', async () => {
  for (const [name, { axe }] of await walk()) assert.deepEqual(axe, [], name);
});

test('no page scrolls sideways on a screen of 320 pixels, or with large type on it', async () => {
  for (const [name, { widths }] of await walk()) {
    assert.deepEqual(widths, { '100%': TINY.width, '200%': TINY.width }, name);
  }
});

test('the keyboard reaches every field, button and link, with a visible focus', async () => {
  for (const [name, { focus }] of await walk()) {
    assert.equal(focus.reached.size, focus.count, `${name}: ${[...focus.reached.keys()]}`);
    for (const [what, { outlineStyle, outlineWidth }] of focus.reached) {
      assert.ok(outlineStyle === 'solid' && outlineWidth >= 2, `${name}: ${what} has the outline ${outlineStyle} ${outlineWidth}`);
    }
  }
});

test('the browser reports no error on any page', async () => {
  for (const [name, { complaints }] of await walk()) assert.deepEqual(complaints, [], name);
});

/** The findings by page. One pass through all pages serves all tests of this file. */
const walk = () => (walked ??= visitAll());
let walked;

async function visitAll() {
  const context = await on.browser.newContext(VIEWER);
  const complaints = listen(context);
  const found = new Map();
  await everyPage(await context.newPage(), async (name, page) => {
    found.set(name, await inspect(name, page, { drawn: DRAWN, complaints }));
  });
  await context.close();
  return found;
}

/** Visits all pages, and calls back on each. */
async function everyPage(page, stop) {
  const { issuer } = on.provider;
  const ask = (parameters) =>
    request(issuer, {
      redirect_uri: on.site.redirectUri,
      scope: 'openid profile email offline_access orders:read',
      prompt: 'consent',
      ...parameters,
    });
  const visit = async (name, heading, url) => {
    if (url) await page.goto(url);
    await sees(page, heading);
    await stop(name, page);
  };
  await visit('login', 'Sign in', ask({ redirect_uri: FAR_REDIRECT }).url);
  await logIn(page, 'alice', 'looking-glass');
  await page.getByRole('alert').waitFor();
  await visit('refused', 'Sign in');
  await logIn(page);
  await visit('consent', 'Allow Orders access?');
  const asked = ask();
  await page.goto(asked.url);
  await allow(page);
  await asked.redeem((await getsCode(page, asked, issuer)).code);
  await visit('chooser', 'Choose an account', ask({ prompt: 'select_account' }).url);
  const native = ask({ client_id: 'desk', redirect_uri: NATIVE_REDIRECT, scope: 'openid' });
  await visit('native consent', 'Allow Orders for the desk access?', native.url);
  await visit('account', 'Your account', `${issuer}/account`);
  const back = new URLSearchParams({ client_id: 'web', post_logout_redirect_uri: `${on.site.origin}/goodbye` });
  await visit('logout', 'Sign out?', `${issuer}/end_session?${back}`);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await visit('logged out', 'You are signed out');
  await visit('error', 'We won’t send you there', ask({ redirect_uri: `${on.site.origin}/elsewhere` }).url);
}
