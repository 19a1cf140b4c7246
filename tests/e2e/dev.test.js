// `cardea dev`, as the first screen of the README promises it.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { launch } from './stage/browser.js';
import { allow, dev, logIn, person, sees, test } from './stage/index.js';

let browser;
let provider;

before(async () => {
  provider = await dev();
  browser = await launch();
});
after(() => Promise.all([browser?.close(), provider?.stop()]));

for (const javaScriptEnabled of [true, false]) {
  test(`the demonstration works from its link to the logout, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async (t) => {
    const { page } = await person(t, browser, { javaScriptEnabled });
    await startAtApplication(page);

    await logIn(page, 'alice', 'looking-glass');
    await refusesTheLogin(page);
    await page.getByLabel('Password').fill('wonderland-7-doors');
    await page.getByRole('button', { name: 'Log in', exact: true }).click();

    await sees(page, 'Allow Orders access?');
    await page.getByText('See your profile').waitFor();
    await page.getByText('orders:read', { exact: true }).waitFor();
    await saysDevelopment(page);
    await allow(page);
    const tokens = await redeem(await redeemCommand(page));

    await startAtApplication(page);
    const again = await redeem(await redeemCommand(page));
    assert.notEqual(again.access_token, tokens.access_token, 'the second login gave tokens of its own');
    assert.equal(await userinfo(tokens), 200);

    await page.goto(`${provider.issuer}/account`);
    await sees(page, 'Your account');
    await saysDevelopment(page);
    await page.getByText('this browser').waitFor();
    await page.getByRole('button', { name: 'Revoke the access of Orders' }).click();
    await page.getByText('No app has access to your account.').waitFor();
    assert.deepEqual(await Promise.all([userinfo(tokens), userinfo(again)]), [401, 401]);

    await page.getByRole('button', { name: 'Log out', exact: true }).click();
    await sees(page, 'You are logged out');
    await startAtApplication(page);
    await sees(page, 'Log in');
  });
}

test('where the port of the demonstration is taken, the provider runs without it and says so', async (t) => {
  const second = await dev();
  t.after(second.stop);
  assert.match(second.said(), /Port 5173 is taken on 127\.0\.0\.1; the demo application is left out/);
  assert.doesNotMatch(provider.said(), /taken/);
});

async function startAtApplication(page) {
  await page.goto(provider.application);
  await saysDevelopment(page);
  await page.getByRole('link', { name: 'Log in with Cardea' }).click();
}

const saysDevelopment = (page) => page.getByText('DEVELOPMENT').waitFor();

async function refusesTheLogin(page) {
  const alert = page.getByRole('alert');
  assert.equal(await alert.textContent(), 'That user name and password don’t belong together.');
  assert.match(await page.title(), /^Error: Log in/);
  const [name, password] = [page.getByLabel('User name'), page.getByLabel('Password')];
  for (const field of [name, password]) {
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    assert.equal(await field.getAttribute('aria-describedby'), await alert.getAttribute('id'));
  }
  assert.equal(await name.inputValue(), 'alice', 'what was typed stays');
  assert.equal(await password.inputValue(), '', 'but for the password');
}

async function redeemCommand(page) {
  await sees(page, 'Logged in');
  return page.locator('#redeem').textContent();
}

/** Does what the page tells people to type. */
async function redeem(command) {
  const [, url] = /^curl (\S+)/.exec(command);
  const body = [...command.matchAll(/-d (\S+)/g)].map(([, pair]) => pair).join('&');
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const response = await fetch(url, { method: 'POST', headers, body });
  const tokens = await response.json();
  assert.equal(response.status, 200, JSON.stringify(tokens));
  assert.deepEqual([tokens.token_type, typeof tokens.id_token], ['Bearer', 'string']);
  return tokens;
}

async function userinfo({ access_token }) {
  const headers = { authorization: `Bearer ${access_token}` };
  return (await fetch(`${provider.issuer}/userinfo`, { headers })).status;
}
