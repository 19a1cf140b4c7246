// Over https, with a path in the issuer, as in most installations.

import assert from 'node:assert/strict';

import { allow, getsCode, logIn, person, request, sees, stage, test } from './stage/index.js';

const on = stage({ tls: true });

test('over https the cookies are bound to the host and the pages to the path of the issuer', async (t) => {
  const { context, page } = await person(t, on.browser, { ignoreHTTPSErrors: true });
  const { issuer } = on.provider;
  const asked = request(issuer, { redirect_uri: on.site.redirectUri, prompt: 'consent' });
  await page.goto(asked.url);
  await sees(page, 'Sign in');
  assert.ok(page.url().startsWith(`${issuer}/login?`));
  await logIn(page);
  await allow(page);
  await getsCode(page, asked, issuer);

  const cookies = await context.cookies(issuer);
  assert.ok(cookies.some(({ name }) => name === '__Host-cardea_session'));
  for (const { name, secure, httpOnly, sameSite, path, domain } of cookies) {
    assert.match(name, /^__Host-/);
    const expected = { secure: true, httpOnly: true, sameSite: 'Lax', path: '/', domain: 'localhost' };
    assert.deepEqual({ secure, httpOnly, sameSite, path, domain }, expected, name);
  }

  const response = await page.goto(`${issuer}/account/apps`);
  assert.match(response.headers()['strict-transport-security'], /^max-age=\d+$/);
  await page.getByRole('button', { name: 'Revoke the access of Orders' }).click();
  await page.getByText('No app has access to your account.').waitFor();
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await sees(page, 'You are signed out');
});
