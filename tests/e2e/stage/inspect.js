// Accessibility checks of pages, and screenshots.

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import axe from 'axe-core';

const WIDE = { width: 1280, height: 800 };
/** The width of 1280 pixels at a zoom of 400 % (WCAG 2.2 §1.4.10). */
export const TINY = { width: 320, height: 568 };
const SCHEMES = ['light', 'dark'];

const IMAGES = fileURLToPath(new URL('../../../docs/images/', import.meta.url));

/** The default view: a wide screen, in light mode. */
export const VIEWER = { viewport: WIDE, colorScheme: 'light' };

/** All checks of a page. With CARDEA_WRITE=1 the screenshots in `drawn` are rewritten. */
export async function inspect(name, page, { drawn, complaints }) {
  // Its styles too.
  await page.waitForLoadState('load');
  const found = {
    complaints: complaints.splice(0),
    structure: await structure(page),
    focus: await focus(page),
    axe: await judge(page),
    widths: await widths(page),
  };
  if (process.env.CARDEA_WRITE === '1') await draw(name, page, drawn);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(WIDE);
  return found;
}

const structure = (page) =>
  page.evaluate(() => {
    const all = (selector) => [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());
    return {
      lang: document.documentElement.lang,
      title: document.title,
      headings: all('h1').length,
      mains: all('main').length,
      nameless: all('input:not([type=hidden]), select').filter((field) => field.labels.length === 0).length,
      twice: [...document.querySelectorAll('[id]')].filter(({ id }) => document.querySelectorAll(`#${id}`).length > 1).length,
      scripts: document.scripts.length,
      inline: document.querySelectorAll('style, [style]:not([style=""]), [onclick], script:not([src])').length,
    };
  });

/** Goes once around the page, or the dialog that is open in it, with the tab key. */
async function focus(page) {
  // The keyboard stops at one radio button of a group, and the arrows reach the others.
  const all = 'a[href], button, select, input:not([type=hidden], [type=radio]:not(:checked))';
  const dialog = page.locator('dialog[open]');
  const around = (await dialog.count()) > 0 ? dialog : page.locator('body');
  const count = await around.locator(all).filter({ visible: true }).count();
  const reached = new Map();
  // One more than there are, because the focus leaves the page once.
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

async function draw(name, page, drawn) {
  await mkdir(IMAGES, { recursive: true });
  await page.evaluate(() => document.activeElement.blur());
  await page.mouse.move(0, 0);
  // The page behind a dialog is dimmed only as far as the window.
  const fullPage = (await page.locator('dialog[open]').count()) === 0;
  for (const colorScheme of SCHEMES) {
    for (const [width, viewport] of Object.entries({ wide: WIDE, narrow: TINY })) {
      const picture = `${name.replaceAll(' ', '-')}-${colorScheme}-${width}`;
      if (!drawn.includes(picture)) continue;
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      await page.screenshot({ path: `${IMAGES}${picture}.png`, fullPage, animations: 'disabled' });
    }
  }
}
