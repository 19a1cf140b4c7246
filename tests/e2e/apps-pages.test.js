// Accessibility of every page of the apps of `cardea dev`: assistive technology, keyboard, screens and settings.
// With CARDEA_WRITE=1 some screenshots are written for the documents.

import assert from 'node:assert/strict';

import {
  NOBODY_YET, TINY, VIEWER, WELCOME, devStage, enterOrders, enterWebapp, inspect, listen, order, placeOrder, sees, test,
} from './stage/index.js';

const on = devStage();

const DRAWN = [
  'spa-logged-out-light-wide', 'spa-logged-out-dark-narrow', 'spa-orders-light-wide', 'spa-orders-dark-wide', 'spa-orders-light-narrow',
  'spa-orders-dark-narrow', 'spa-expired-light-wide', 'spa-expired-dark-narrow', 'webapp-home-light-wide', 'webapp-home-dark-narrow',
  'webapp-calculator-light-wide', 'webapp-calculator-dark-narrow', 'webapp-not-found-light-wide', 'webapp-not-found-dark-narrow',
];
/** The calls whose status says that no user is logged in. */
const EXPECTED = [NOBODY_YET, /^401 \S+\/api\/orders$/];

test('every page has its landmarks, one heading, labels and a language', async () => {
  for (const [name, { structure }] of await walk()) {
    const { title, scripts, ...rest } = structure;
    assert.match(title, name.startsWith('spa') ? /^Orders$/ : /^.+ · Webapp$/, name);
    assert.equal(scripts, name.startsWith('spa') ? 1 : 0, name);
    assert.deepEqual(rest, { lang: 'en', headings: 1, mains: 1, nameless: 0, twice: 0, inline: 0 }, name);
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

test('an order needs no mouse: from the login to the logout', async () => {
  const page = await on.browser.newPage();
  const { keyboard } = page;
  await page.goto(on.dev.spa.href);
  await sees(page, WELCOME);
  await press(keyboard, 'Tab', 'Enter');
  await sees(page, 'Sign in');
  // A user sees the cursor before they type.
  await page.locator('input:focus').waitFor();
  await keyboard.type('bob');
  await press(keyboard, 'Tab');
  await keyboard.type('hinge-of-the-door-9');
  await press(keyboard, 'Enter');
  await sees(page, 'Allow Orders access?');
  // The mailbox of development, another user, no, yes.
  await press(keyboard, 'Tab', 'Tab', 'Tab', 'Tab', 'Enter');
  await sees(page, 'Orders');
  // A page that is loading may lose the key.
  await page.waitForLoadState('load');
  await press(keyboard, 'Tab');
  assert.equal(await page.locator(':focus').textContent(), 'Sign out');
  await press(keyboard, 'Tab');
  await keyboard.type('Latch');
  await press(keyboard, 'Tab');
  await keyboard.type('4');
  await press(keyboard, 'Enter');
  await order(page, 'Latch').getByText('× 4').waitFor();
  assert.equal(await page.locator(':focus').getAttribute('name'), 'item', 'ready for the next');
  await press(keyboard, 'Shift+Tab', 'Enter');
  await sees(page, WELCOME);
  await page.close();
});

test('a screen reader announces the messages of the app', async () => {
  const found = await walk();
  assert.equal(found.get('spa-logged-out').heard, `\
- main:
  - heading "Your company's orders in one place" [level=1]
  - paragraph: Sign in to see what was ordered, and to place new orders.
  - link "Sign in":
    - /url: /bff/login`);
  assert.match(found.get('spa-orders').heard, new RegExp(`^\
- main:
  - region "New order":
    - heading "New order" \\[level=2\\]
    - text: Item
    - textbox "Item":
      - /placeholder: Brass hinge
    - text: Quantity
    - spinbutton "Quantity": "1"
    - button "Place order"
  - region "Orders":
    - heading "Orders" \\[level=1\\]
    - status: 3 orders
    - list:
      - listitem:
        - strong: Door knocker, cast iron
        - text: No. \\d+ ·
        - time: .+
        - text: × 2
`));
  assert.match(found.get('webapp-calculator').heard, /- status: = 6, remainder 2$/);
});

/** The findings by page. One pass through all pages serves all tests of this file. */
const walk = () => (walked ??= visitAll());
let walked;

async function visitAll() {
  const context = await on.browser.newContext({ ...VIEWER, locale: 'en-GB' });
  const complaints = listen(context, EXPECTED);
  const found = new Map();
  const page = await context.newPage();
  const stop = async (name) => {
    const heard = await page.locator('main').ariaSnapshot();
    found.set(name, { heard, ...(await inspect(name, page, { drawn: DRAWN, complaints })) });
  };
  await orders(page, stop);
  await webapp(page, stop);
  await context.close();
  return found;
}

async function orders(page, stop) {
  await page.goto(on.dev.spa.href);
  await sees(page, WELCOME);
  await stop('spa-logged-out');
  await page.goto(`${on.dev.spa}?error=access_denied`);
  await page.getByRole('alert').waitFor();
  await stop('spa-declined');
  // Users of `cardea dev` find sample orders; an empty list is what the page shows to all others.
  await page.route(/\/api\/orders$/, (route) => route.fulfill({ json: { orders: [] } }), { times: 1 });
  await enterOrders(page, on.dev.spa);
  await stop('spa-empty');
  for (const [item, quantity] of [['Brass hinge, 75 mm', 12], ['Keyhole cover', 40], ['Door knocker, cast iron', 2]]) {
    await placeOrder(page, item, quantity);
    await order(page, item).waitFor();
  }
  await stop('spa-orders');
  await page.context().clearCookies({ name: /spa/ });
  await placeOrder(page, 'Rim lock', 5);
  await page.getByRole('dialog').waitFor();
  await stop('spa-expired');
}

async function webapp(page, stop) {
  await page.context().clearCookies();
  await page.goto(on.dev.webapp.href);
  await stop('webapp-logged-out');
  await enterWebapp(page, on.dev.webapp);
  await stop('webapp-home');
  const calculator = new URL('/calculator', on.dev.webapp);
  await page.goto(`${calculator}?left=50&operation=divide&right=8`);
  await stop('webapp-calculator');
  await page.goto(`${calculator}?left=50&operation=divide&right=0`);
  await stop('webapp-refused');
  await page.goto(new URL('/debug', on.dev.webapp).href);
  await stop('webapp-debug');
  await page.goto(new URL('/nothing', on.dev.webapp).href);
  await stop('webapp-not-found');
}

async function press(keyboard, ...keys) {
  for (const key of keys) await keyboard.press(key);
}
