// A whole login by keyboard only.

import assert from 'node:assert/strict';

import { FAR_REDIRECT, PASSWORDS, getsCode, person, request, sees, stage, test } from './stage/index.js';

const on = stage();

const SCOPES = 'openid offline_access orders:read';

for (const javaScriptEnabled of [true, false]) {
  test(`login and consent need no mouse, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async (t) => {
    const { page } = await person(t, on.browser, { javaScriptEnabled });
    const asked = request(on.provider.issuer, { redirect_uri: on.site.redirectUri, prompt: 'consent' });
    await page.goto(asked.url);
    await sees(page, 'Sign in');
    const { keyboard } = page;
    await keyboard.type('alice');
    await keyboard.press('Tab');
    await keyboard.type('wrong');
    await keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    await keyboard.type(PASSWORDS.alice);
    await keyboard.press('Enter');
    await sees(page, 'Allow Orders access?');
    await keyboard.press('Tab');
    assert.equal(await focused(page), 'Not you?');
    await keyboard.press('Tab');
    assert.equal(await focused(page), 'Don’t allow');
    await keyboard.press('Tab');
    assert.equal(await focused(page), 'Allow');
    await keyboard.press('Enter');
    await getsCode(page, asked, on.provider.issuer);
  });
}

test('a screen reader announces the texts of the login and consent pages', async (t) => {
  const { page } = await person(t, on.browser);
  await page.goto(request(on.provider.issuer, { redirect_uri: FAR_REDIRECT, scope: SCOPES, prompt: 'consent' }).url);
  await sees(page, 'Sign in');
  assert.equal(await page.locator('main').ariaSnapshot(), `\
- main:
  - heading "Sign in to Orders" [level=1]
  - text: User name or email
  - textbox "User name or email"
  - text: Password
  - textbox "Password"
  - button "Show"
  - button "Continue"
  - paragraph: Or
  - button "Use a passkey"`);
  await page.keyboard.type('alice');
  await page.getByLabel('Password').fill(PASSWORDS.alice);
  await page.keyboard.press('Enter');
  await sees(page, 'Allow Orders access?');
  assert.equal(await page.locator('main').ariaSnapshot(), `\
- main:
  - heading "Allow Orders access?" [level=1]
  - paragraph: You will return to orders.example.com
  - text: Signed in as Alice A
  - button "Not you?"
  - list "Orders will be able to":
    - listitem:
      - strong: Know who you are
      - text: An identifier that stays the same
    - listitem:
      - heading "In api://orders" [level=2]
      - list:
        - listitem:
          - code: orders:read
    - listitem:
      - strong: Keep this access when you are away
      - text: Even after you sign out, until you revoke it on your account page
  - paragraph: You can revoke this at any time on your account page.
  - button "Don’t allow"
  - button "Allow"`);
});

const focused = (page) => page.locator(':focus').textContent();
