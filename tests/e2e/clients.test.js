// From a client's authorization request through login and consent to the redirect with a code.

import assert from 'node:assert/strict';

import { NATIVE_REDIRECT, allow, claims, getsCode, logIn, person, request, sees, settled, stage, test } from './stage/index.js';

const on = stage();

for (const javaScriptEnabled of [true, false]) {
  const scripts = javaScriptEnabled ? 'with JavaScript' : 'without JavaScript';

  test(`a client on another origin gets a code by redirect, ${scripts}`, async (t) => {
    const { page } = await person(t, on.browser, { javaScriptEnabled });
    const asked = request(on.provider.issuer, { redirect_uri: on.site.redirectUri, prompt: 'consent' });
    await startAtClient(page, asked);
    await logIn(page);
    await allow(page);
    const { method, code } = await getsCode(page, asked, on.provider.issuer);
    assert.equal(method, 'GET');
    const tokens = await asked.redeem(code);
    assert.equal(tokens.status, 200, tokens.error_description);
    const { aud, iss, amr } = claims(tokens.id_token);
    assert.deepEqual({ aud, iss, amr }, { aud: 'web', iss: on.provider.issuer, amr: ['pwd'] });
  });

  test(`a client on another origin gets a code by form_post, ${scripts}`, async (t) => {
    const { page } = await person(t, on.browser, { javaScriptEnabled });
    const parameters = { redirect_uri: on.site.redirectUri, prompt: 'consent', response_mode: 'form_post' };
    const asked = request(on.provider.issuer, parameters);
    await startAtClient(page, asked);
    await logIn(page);
    await allow(page);
    if (!javaScriptEnabled) await page.getByRole('button', { name: 'Continue' }).click();
    const { method, code } = await getsCode(page, asked, on.provider.issuer);
    assert.equal(method, 'POST');
    assert.equal((await asked.redeem(code)).status, 200);
  });

  test(`a native client gets a code at its private scheme, ${scripts}`, async (t) => {
    const { page, context } = await person(t, on.browser, { javaScriptEnabled });
    const asked = request(on.provider.issuer, { client_id: 'desk', redirect_uri: NATIVE_REDIRECT, prompt: 'consent' });
    await page.goto(asked.url);
    await logIn(page);
    await sees(page, 'Allow Orders for the desk access?');
    await page.getByText('It is an app on this device').waitFor();
    const button = page.getByRole('button', { name: 'Allow', exact: true });
    await settled(button);
    const location = await redirectOf(page, context, () => button.click({ noWaitAfter: true }));
    const url = new URL(location);
    assert.equal(location.split('?')[0], NATIVE_REDIRECT);
    assert.equal(url.searchParams.get('state'), asked.state);
    assert.equal(url.searchParams.get('iss'), on.provider.issuer);
    assert.equal((await asked.redeem(url.searchParams.get('code'))).status, 200);
  });
}

async function startAtClient(page, { url }) {
  const link = on.site.put('/', `<a href="${url.replaceAll('&', '&amp;')}">Sign in</a>`);
  await page.goto(on.site.origin + link);
  await page.getByRole('link', { name: 'Sign in' }).click();
}

/** The Location of a 303 that the browser can't follow, from its report of the answer's headers. */
async function redirectOf(page, context, act) {
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  const answered = new Promise((resolve) => {
    session.on('Network.responseReceivedExtraInfo', ({ statusCode, headers }) => {
      const location = headers.location ?? headers.Location;
      if (statusCode === 303 && location) resolve(location);
    });
  });
  await act();
  return answered;
}
