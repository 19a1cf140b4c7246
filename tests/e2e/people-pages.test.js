// The pages with which users get and keep an account: accessible, in four languages, narrow, by keyboard, and without JavaScript.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { test as bare } from 'node:test';

import axe from 'axe-core';

import { TINY, VIEWER, devStage, inspect, listen } from './stage/index.js';
import { everyPeoplePage, withPeople } from './stage/people.js';

const on = devStage(await withPeople());

/** Each walk visits some forty pages. */
const test = (name, body) => bare(name, { timeout: 240_000 }, body);

/** Walks through all pages as a user of this name, in browsers with these options. */
async function walk(name, options, stop) {
  const browsers = await Promise.all([1, 2].map(() => on.browser.newContext({ ...VIEWER, ...options })));
  const complaints = browsers.map((context) => listen(context));
  const [page, elsewhere] = await Promise.all(browsers.map((context) => context.newPage()));
  try {
    await everyPeoplePage({ page, elsewhere, dev: on.dev, name }, async (where, shown) => {
      await shown.waitForLoadState('load');
      await photograph(`${name}-${where}`, shown);
      await stop(where, shown, complaints[shown === page ? 0 : 1]);
    });
    assert.deepEqual(complaints, [[], []]);
  } finally {
    await Promise.all(browsers.map((context) => context.close()));
  }
}

/** With CARDEA_SHOTS=folder, screenshots of all pages, to look at. */
async function photograph(name, page) {
  const folder = process.env.CARDEA_SHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name.replaceAll(/[ ,]+/g, '-')}.png`, fullPage: true, animations: 'disabled' });
}

test('the pages are accessible: axe, landmarks, labels, keyboard, light and dark, wide and narrow', async () => {
  await walk('anna', {}, async (name, page, complaints) => {
    const { structure, focus, axe, widths } = await inspect(name, page, { drawn: [], complaints });
    const { title, scripts, inline, ...rest } = structure;
    assert.match(title, /^.+ · Cardea$/, name);
    assert.deepEqual(rest, { lang: 'en', headings: 1, mains: 1, nameless: 0, twice: 0 }, name);
    assert.ok(scripts <= 2 && inline === scripts, name);
    assert.deepEqual(axe, [], name);
    assert.deepEqual(widths, { '100%': TINY.width, '200%': TINY.width }, name);
    assert.equal(focus.reached.size, focus.count, `${name}: ${[...focus.reached.keys()]}`);
    for (const [what, { outlineStyle, outlineWidth }] of focus.reached) {
      assert.ok(outlineStyle === 'solid' && outlineWidth >= 2, `${name}: ${what} has the outline ${outlineStyle} ${outlineWidth}`);
    }
  });
});

for (const [locale, name, viewport] of [['de-AT', 'berta', TINY], ['fr-CA', 'claire', VIEWER.viewport], ['es-419', 'diego', TINY]]) {
  test(`the pages in ${locale} fit ${viewport.width} pixels, and axe finds nothing`, async () => {
    await walk(name, { locale, viewport }, async (where, page) => {
      assert.equal(await page.locator('html').getAttribute('lang'), locale.split('-')[0], where);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), viewport.width, where);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      assert.deepEqual(violations.map(({ id }) => id), [], where);
    });
  });
}

test('the pages work without JavaScript, in the dark', async () => {
  await walk('emma', { javaScriptEnabled: false, colorScheme: 'dark' }, async (name, page) => {
    assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1, name);
    assert.equal(await page.locator('button.reveal').filter({ visible: true }).count(), 0, name);
  });
});
