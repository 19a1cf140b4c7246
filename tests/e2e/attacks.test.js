// Foreign pages that post the provider's forms, or frame its pages. In the worst case, tried here, the attacker knows the hidden fields.

import assert from 'node:assert/strict';

import { PASSWORDS, allow, getsCode, logIn, person, request, sees, stage, test } from './stage/index.js';

const on = stage();

const ask = (parameters) =>
  request(on.provider.issuer, { redirect_uri: on.site.redirectUri, prompt: 'consent', ...parameters });

/** A page of the attacker with a form that is already filled in. */
function trap(action, fields) {
  const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);
  const form = `<form method="post" action="${on.provider.issuer}${action}">${inputs.join('')}<button>Win a prize</button></form>`;
  return on.site.put('/trap', form);
}

/** The user submits the attacker's form, on another site or on a neighbour that shares our cookies; returns the status of the answer. */
async function fall(context, from, path) {
  const page = await context.newPage();
  await page.goto(on.site[from] + path);
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.getByRole('button', { name: 'Win a prize' }).click();
  const status = (await answered).status();
  await page.close();
  return status;
}

const hidden = async (page, name) => page.locator(`input[name=${name}]`).first().inputValue();

async function nobodyIsLoggedIn(context) {
  const cookies = await context.cookies(on.provider.issuer);
  assert.ok(!cookies.some(({ name }) => name === 'cardea_session'));
}

for (const from of ['origin', 'neighbour']) {
  const site = { origin: 'another site', neighbour: 'a neighbour of our own site' }[from];

  test(`${site} can’t log a browser in as the attacker`, async (t) => {
    const attacker = await person(t, on.browser);
    const victim = await person(t, on.browser);
    await victim.page.goto(ask().url);
    await sees(victim.page, 'Sign in');

    await attacker.page.goto(ask().url);
    await sees(attacker.page, 'Sign in');
    const [ticket, csrf] = [await hidden(attacker.page, 'ticket'), await hidden(attacker.page, 'csrf')];
    const bob = { username: 'bob', password: PASSWORDS.bob };
    // A foreign ticket is at most a fresh request: it leads to the login form.
    await fall(victim.context, from, trap('/login', { ticket, csrf, ...bob }));
    await nobodyIsLoggedIn(victim.context);
    assert.ok((await fall(victim.context, from, trap('/login', { csrf, ...bob }))) >= 400);
    await nobodyIsLoggedIn(victim.context);

    const own = { ticket: await hidden(victim.page, 'ticket'), csrf: await hidden(victim.page, 'csrf') };
    assert.ok((await fall(victim.context, from, trap('/login', { ...own, ...bob }))) >= 400);
    await nobodyIsLoggedIn(victim.context);
  });

  test(`${site} can’t consent for the user`, async (t) => {
    const { context, page } = await person(t, on.browser);
    await page.goto(ask().url);
    await logIn(page, 'carol');
    await sees(page, 'Allow Orders access?');
    const fields = { ticket: await hidden(page, 'ticket'), csrf: await hidden(page, 'csrf'), decision: 'allow' };
    assert.ok((await fall(context, from, trap('/consent', fields))) >= 400);
    await page.goto(`${on.provider.issuer}/account/apps`);
    await page.getByText('No app has access to your account.').waitFor();
  });

  test(`${site} can’t revoke an app, end a session or log the user out`, async (t) => {
    const { context, page } = await person(t, on.browser);
    const asked = ask();
    await page.goto(asked.url);
    await logIn(page);
    await allow(page);
    await getsCode(page, asked, on.provider.issuer);
    await page.goto(`${on.provider.issuer}/account/apps`);
    const csrf = await hidden(page, 'csrf');

    // Another site's form comes without our cookies, so it has no session; a neighbour's is refused.
    const expected = from === 'origin' ? 303 : 403;
    for (const fields of [{ action: 'revoke', id: 'web' }, { action: 'log_out' }]) {
      assert.equal(await fall(context, from, trap('/account', { csrf, ...fields })), expected);
    }
    assert.equal(await fall(context, from, trap('/end_session/confirm', { csrf, request: '' })), 403);
    await page.reload();
    await sees(page, 'Your account');
    await page.getByRole('button', { name: 'Revoke the access of Orders' }).click();
    await page.getByText('No app has access to your account.').waitFor();
  });

  test(`${site} can’t frame a page`, async (t) => {
    const { complaints, page } = await person(t, on.browser);
    await page.goto(`${on.provider.issuer}/login`);
    await logIn(page);
    await sees(page, 'Your account');
    const { issuer } = on.provider;
    const addresses = [`${issuer}/login`, `${issuer}/account`, `${issuer}/end_session`, `${issuer}/nothing`, ask().url];
    for (const address of addresses) {
      const frame = `<iframe src="${address.replaceAll('&', '&amp;')}"></iframe>`;
      await page.goto(on.site[from] + on.site.put('/frame', frame));
      assert.equal(await page.frameLocator('iframe').locator('main').count(), 0, address);
      const refusals = complaints.splice(0);
      assert.ok(refusals.length > 0 && refusals.every((text) => /frame/i.test(text)), `${address}: ${refusals}`);
    }
  });
}

test('a ticket that was moved to another browser carries no login', async (t) => {
  const alice = await person(t, on.browser);
  const thief = await person(t, on.browser);
  await alice.page.goto(ask().url);
  await logIn(alice.page);
  await sees(alice.page, 'Allow Orders access?');
  await thief.page.goto(alice.page.url());
  await sees(thief.page, 'Sign in');
});

test('a modified ticket is refused', async (t) => {
  const { page } = await person(t, on.browser);
  await page.goto(ask().url);
  await sees(page, 'Sign in');
  const url = new URL(page.url());
  const ticket = url.searchParams.get('ticket');
  const middle = Math.floor(ticket.length / 2);
  const other = ticket[middle] === 'A' ? 'B' : 'A';
  url.searchParams.set('ticket', ticket.slice(0, middle) + other + ticket.slice(middle + 1));
  await page.goto(url.href);
  await sees(page, 'This link doesn’t work');
});

test('a name full of markup is text', async (t) => {
  const { page } = await person(t, on.browser);
  await page.goto(ask().url);
  const name = '"><img src=x onerror=alert(1)><script>alert(1)</script>';
  await logIn(page, name, 'no password');
  await page.getByRole('alert').waitFor();
  assert.equal(await page.getByLabel('User name').inputValue(), name);
});

test('a session cookie is HttpOnly, and new at each login', async (t) => {
  const { context, page } = await person(t, on.browser);
  const cookies = async () => new Map((await context.cookies(on.provider.issuer)).map((cookie) => [cookie.name, cookie]));
  await page.goto(ask().url);
  const before = await cookies();
  await logIn(page);
  await sees(page, 'Allow Orders access?');
  const after = await cookies();
  const session = after.get('cardea_session');
  assert.deepEqual([session.httpOnly, session.sameSite, session.path], [true, 'Lax', '/']);
  assert.notEqual(after.get('cardea_browser').value, before.get('cardea_browser').value);
  assert.equal(await page.evaluate(() => document.cookie), '');

  await page.goto(ask({ prompt: 'login consent' }).url);
  await logIn(page);
  await sees(page, 'Allow Orders access?');
  assert.notEqual((await cookies()).get('cardea_session').value, session.value);
});

test('b11: a click on Allow in its first half second does nothing', async (t) => {
  const { page } = await person(t, on.browser);
  await page.goto(ask().url);
  await logIn(page);
  await sees(page, 'Allow Orders access?');
  const button = page.getByRole('button', { name: 'Allow', exact: true });
  // The animation from its beginning, at this moment of it.
  const after = (time) =>
    button.evaluate((element, at) => {
      element.classList.remove('settles');
      getComputedStyle(element).animationName;
      element.classList.add('settles');
      const [animation] = element.getAnimations();
      animation.pause();
      animation.currentTime = at;
      return getComputedStyle(element).pointerEvents;
    }, time);
  assert.equal(await after(0), 'none');
  assert.equal(await after(499), 'none');
  assert.equal(await after(500), 'auto');
});
