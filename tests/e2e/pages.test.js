// Every page, as people with other eyes, hands, screens and settings meet it.
// With CARDEA_WRITE=1 some are drawn for the documents.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import axe from 'axe-core';

import { FAR_REDIRECT, NATIVE_REDIRECT, allow, getsCode, listen, logIn, request, sees, stage, test } from './stage/index.js';

const on = stage();

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 844 };
/** What is left of 1280 pixels at a zoom of 400 % (WCAG 2.2 §1.4.10). */
const TINY = { width: 320, height: 568 };
const SCHEMES = ['light', 'dark'];

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const DRAWN = [
  'login-light-wide', 'login-dark-narrow', 'consent-light-wide', 'consent-dark-narrow', 'chooser-light-wide',
  'account-light-wide', 'account-dark-narrow', 'logout-light-wide', 'error-light-wide',
];

test('every page has its landmarks, one heading, labels and a language', async () => {
  for (const [name, { structure }] of await walk()) {
    const { title, ...rest } = structure;
    assert.match(title, /^.+ · Cardea$/, name);
    assert.deepEqual(rest, { lang: 'en', headings: 1, mains: 1, nameless: 0, twice: 0, scripts: 0, inline: 0 }, name);
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

test('the keyboard reaches every field, button and link, and one sees where it is', async () => {
  for (const [name, { focus }] of await walk()) {
    assert.equal(focus.reached.size, focus.count, `${name}: ${[...focus.reached.keys()]}`);
    for (const [what, { outlineStyle, outlineWidth }] of focus.reached) {
      assert.ok(outlineStyle === 'solid' && outlineWidth >= 2, `${name}: ${what} has the outline ${outlineStyle} ${outlineWidth}`);
    }
  }
});

test('the browser complains of no page', async () => {
  for (const [name, { complaints }] of await walk()) assert.deepEqual(complaints, [], name);
});

/** What was found, by page. One walk through all pages serves all tests of this file. */
const walk = () => (walked ??= inspect());
let walked;

async function inspect() {
  const context = await on.browser.newContext({ viewport: WIDE });
  const complaints = listen(context);
  const found = new Map();
  await everyPage(await context.newPage(), async (name, page) => {
    found.set(name, {
      complaints: complaints.splice(0),
      structure: await structure(page),
      focus: await focus(page),
      axe: await judge(page),
      widths: await widths(page),
    });
    if (process.env.CARDEA_WRITE === '1') await draw(name, page);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(WIDE);
  });
  await context.close();
  return found;
}

/** Goes through all pages, and stops at each. */
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
  await visit('login', 'Log in', ask({ redirect_uri: FAR_REDIRECT }).url);
  await logIn(page, 'alice', 'looking-glass');
  await page.getByRole('alert').waitFor();
  await visit('refused', 'Log in');
  await logIn(page);
  await visit('consent', 'Allow Orders access?');
  const asked = ask();
  await page.goto(asked.url);
  await allow(page);
  await asked.redeem((await getsCode(page, asked, issuer)).code);
  await visit('chooser', 'Who is it?', ask({ prompt: 'select_account' }).url);
  const native = ask({ client_id: 'desk', redirect_uri: NATIVE_REDIRECT, scope: 'openid' });
  await visit('native consent', 'Allow Orders for the desk access?', native.url);
  await visit('account', 'Your account', `${issuer}/account`);
  const back = new URLSearchParams({ client_id: 'web', post_logout_redirect_uri: `${on.site.origin}/goodbye` });
  await visit('logout', 'Log out?', `${issuer}/end_session?${back}`);
  await page.getByRole('button', { name: 'Log out' }).click();
  await visit('logged out', 'You are logged out');
  await visit('error', 'We won’t send you there', ask({ redirect_uri: `${on.site.origin}/elsewhere` }).url);
}

const structure = (page) =>
  page.evaluate(() => ({
    lang: document.documentElement.lang,
    title: document.title,
    headings: document.querySelectorAll('h1').length,
    mains: document.querySelectorAll('main').length,
    nameless: [...document.querySelectorAll('input:not([type=hidden])')].filter((field) => field.labels.length === 0).length,
    twice: [...document.querySelectorAll('[id]')].filter(({ id }) => document.querySelectorAll(`#${id}`).length > 1).length,
    scripts: document.scripts.length,
    inline: document.querySelectorAll('style, [style], [onclick]').length,
  }));

/** Goes once around the page with the tab key. */
async function focus(page) {
  const count = await page.locator('a[href], button, input:not([type=hidden])').count();
  const reached = new Map();
  // One more than there are: on its round the focus leaves the page once.
  for (let step = 0; step <= count; step += 1) {
    await page.keyboard.press('Tab');
    const [what, outline] = await page.evaluate(() => {
      const element = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      return [element === document.body ? '' : element.outerHTML, { outlineStyle, outlineWidth: parseFloat(outlineWidth) }];
    });
    if (what) reached.set(what, outline);
  }
  return { count, reached };
}

async function judge(page) {
  await page.evaluate(axe.source);
  const all = [];
  for (const viewport of [WIDE, TINY]) {
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      for (const { id, nodes } of violations) all.push({ id, colorScheme, ...viewport, where: nodes.map(({ html }) => html) });
    }
  }
  return all;
}

async function widths(page) {
  await page.setViewportSize(TINY);
  return page.evaluate(() => {
    const root = document.documentElement;
    const at = (fontSize) => ((root.style.fontSize = fontSize), root.scrollWidth);
    const widths = { '100%': at('100%'), '200%': at('200%') };
    root.removeAttribute('style');
    return widths;
  });
}

async function draw(name, page) {
  await mkdir(IMAGES, { recursive: true });
  await page.evaluate(() => document.activeElement.blur());
  for (const colorScheme of SCHEMES) {
    for (const [width, viewport] of Object.entries({ wide: WIDE, narrow: NARROW })) {
      const picture = `${name}-${colorScheme}-${width}`;
      if (!DRAWN.includes(picture)) continue;
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      await page.screenshot({ path: `${IMAGES}${picture}.png`, fullPage: true, animations: 'disabled' });
    }
  }
}
