// An operator starts a provider without users, and makes the first account with the link that it prints.

import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { TINY, inspect, launch, person, press, sees, test } from './stage/index.js';
import { serve } from './stage/provider.js';

const CONFIGURATION = `
[[roles]]
name = "owner"
permissions = ["tenants:admin"]

[[organizations]]
id = "acme"
name = "Acme"
`;
const LINK = /http:\/\/localhost:\d+\/invitation\?token=\S+/;

const on = {};
before(async () => {
  on.provider = await serve(CONFIGURATION);
  on.browser = await launch();
});
after(() => Promise.all([on.browser?.close(), on.provider?.stop()]));

test('the first account is made with the link that serve prints, once', async (t) => {
  const { page, complaints } = await person(t, on.browser);
  const [link] = on.provider.said().match(LINK);
  await page.goto(link);
  await sees(page, 'The first account');
  await page.getByText('You will administer').waitFor();
  await page.getByText('Acme', { exact: true }).waitFor();
  const { axe, widths } = await inspect('first account', page, { drawn: [], complaints });
  assert.deepEqual(axe, []);
  assert.deepEqual(widths, { '100%': TINY.width, '200%': TINY.width });

  await page.getByLabel('User name').fill('root');
  await page.getByLabel('Password', { exact: true }).fill('password1');
  await press(page, 'Create the account');
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Password', { exact: true }).fill('seven-otters-in-a-canoe');
  await press(page, 'Create the account');
  await sees(page, 'Your account');
  await page.getByText('Acme', { exact: true }).waitFor();

  await page.goto(link);
  await sees(page, 'This link no longer works');
});
