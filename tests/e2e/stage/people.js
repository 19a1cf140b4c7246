// All pages with which users get and keep an account, visited without reading a word of them.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { FAR_REDIRECT } from './addresses.js';
import { request } from './client.js';
import { operate } from './dev.js';
import { linkOf, openMail, waitForLink } from './mailbox.js';
import { temporaryFolder } from './provider.js';
import { backupCodes, scan } from './totp.js';

/** The options of a `cardea dev` that has these pages. */
export async function withPeople() {
  const file = join(await temporaryFolder(), 'people.toml');
  await writeFile(
    file,
    `limits.enabled = false
sign_up.mode = "open"

[[clients]]
client_id = "web"
client_name = "Orders"
redirect_uris = ["${FAR_REDIRECT}"]
token_endpoint_auth_method = "none"
grant_types = ["authorization_code"]
scope = "openid profile organization"
`,
  );
  return { more: ['--config', file] };
}

const PASSWORD = 'seven-otters-in-a-canoe';
const CHANGED_PASSWORD = 'ten-magpies-in-a-row-boat';
const NEW_PASSWORD = 'nine-herons-on-a-roof';
const WEAK = 'password1';

/**
 * Visits all pages, and calls back on each. `page` is the user's browser, `elsewhere` another one without a session. The user gets this
 * name, which no user of this server has.
 */
export async function everyPeoplePage({ page, elsewhere, dev, name }, stop) {
  const walk = { page, elsewhere, dev, name, email: `${name}@example.test`, stop };
  await signUp(walk);
  await account(walk);
  await emailChange(walk);
  await duePassword(walk);
  await secondFactor(walk);
  await invitations(walk);
  await organizations(walk);
  const disown = await reset(walk);
  await factorReset(walk);
  await notMe(walk, disown);
}

/** Sends the form of the main button. */
async function submit(page, fields = {}) {
  for (const [name, value] of Object.entries(fields)) await page.locator(`[name=${name}]`).fill(value);
  await page.locator('main form button.primary').click();
}

const refused = (page) => page.locator('#problem').waitFor();

async function signUp({ page, elsewhere, dev, email, name, stop }) {
  await page.goto(`${dev.issuer}/sign_up`);
  await stop('sign-up', page);
  await submit(page, { email, username: 'alice', password: WEAK });
  await refused(page);
  await stop('sign-up, refused', page);
  // The name is taken, which only the owner of the address reads.
  await submit(page, { password: PASSWORD });
  await page.locator('main [role=status]').waitFor();
  await stop('sign-up, sent', page);
  await openMail(page, dev.issuer, { to: email });
  await stop('mailbox, mail', page);
  const link = await linkOf(page);
  await elsewhere.goto(link);
  await stop('verification, elsewhere', elsewhere);
  await page.goto(link);
  await stop('verification', page);
  await submit(page);
  await refused(page);
  await stop('verification, refused', page);
  await submit(page, { username: name });
  await page.waitForURL(/account/);
  await elsewhere.goto(link);
  await stop('link that was used', elsewhere);
  await elsewhere.goto(`${dev.issuer}/verify_email?token=x`);
  await stop('link that is broken', elsewhere);
  await page.goto(`${dev.issuer}/dev/mailbox`);
  await stop('mailbox', page);
}

async function account({ page, elsewhere, dev, name, stop }) {
  for (const section of ['profile', 'security', 'devices', 'apps', 'activity', 'deletion']) {
    await page.goto(`${dev.issuer}/account/${section}`);
    await stop(`account, ${section}`, page);
  }
  await page.goto(`${dev.issuer}/account/security/passkeys`);
  await stop('account, passkeys', page);
  await page.goto(`${dev.issuer}/account/security/password`);
  await stop('account, password', page);
  await submit(page, { present: PASSWORD, password: WEAK });
  await refused(page);
  await stop('account, password, refused', page);
  await elsewhere.goto(`${dev.issuer}/login`);
  const ticket = await elsewhere.locator('[name=ticket]').first().inputValue();
  await elsewhere.goto(`${dev.issuer}/passkey?ticket=${ticket}`);
  await stop('passkey', elsewhere);
  await page.goto(`${dev.issuer}/account/deletion`);
  await submit(page);
  await page.locator('.go-on a').waitFor();
  await stop('deletion, requested', page);
  await page.locator('.go-on a').click();
  await submit(page, { username: name, password: PASSWORD });
  await page.locator('.go-on a').waitFor();
  await stop('deletion, cancelled', page);
  await page.locator('.go-on a').click();
  await page.locator('form:has([value=log_out])').waitFor();
}

/** Changes the address, and takes that back: the account is as it was. */
async function emailChange({ page, elsewhere, dev, email, name, stop }) {
  const changed = `new-${email}`;
  await page.goto(`${dev.issuer}/account/profile/email`);
  await stop('address', page);
  await submit(page, { email: `${name}@127.0.0.1` });
  await refused(page);
  await stop('address, refused', page);
  await submit(page, { email: changed });
  await page.locator('main [role=status]').waitFor();
  await stop('address, sent', page);
  await elsewhere.goto(await waitForLink(page, dev.issuer, { to: changed, path: '/verify_email' }));
  await stop('address, to confirm', elsewhere);
  await submit(elsewhere);
  await elsewhere.locator('main [role=status]').waitFor();
  await stop('address, confirmed', elsewhere);
  await elsewhere.goto(await waitForLink(page, dev.issuer, { to: email, path: '/email_undo' }));
  await stop('address, to undo', elsewhere);
  await submit(elsewhere);
  await elsewhere.locator('main [role=status]').waitFor();
  await stop('address, undone', elsewhere);
  await page.goto(await waitForLink(page, dev.issuer, { to: email, path: '/password_reset' }));
  await submit(page, { password: PASSWORD });
  await page.locator('.choices a').waitFor();
  await page.goto(`${dev.issuer}/login`);
  await submit(page, { username: name, password: PASSWORD });
  await page.locator('form:has([value=log_out])').waitFor();
}

/** The operator asks for a new password, which the next sign-in takes. */
async function duePassword({ page, dev, name, stop }) {
  await operate(dev, 'user', 'set', name, '--must-change');
  await page.goto(`${dev.issuer}/login`);
  await submit(page, { username: name, password: PASSWORD });
  await page.locator('[autocomplete=new-password]').waitFor();
  await stop('password that must be changed', page);
  await submit(page, { password: PASSWORD });
  await refused(page);
  await stop('password that must be changed, refused', page);
  await submit(page, { password: CHANGED_PASSWORD });
  await page.locator('form:has([value=log_out])').waitFor();
}

async function secondFactor({ page, dev, name, stop }) {
  const { url } = request(dev.issuer, { redirect_uri: FAR_REDIRECT, scope: 'openid', acr_values: 'urn:cardea:acr:mfa' });
  await page.goto(url);
  await stop('second factor, at an app', page);
  await page.goto(`${dev.issuer}/account/security/authenticator_app`);
  await stop('authenticator app', page);
  const phone = await scan(page);
  await submit(page, { code: '000000' });
  await refused(page);
  await stop('authenticator app, refused', page);
  await submit(page, { code: phone.code() });
  await page.locator('.codes').waitFor();
  await stop('backup codes', page);
  const [code] = await backupCodes(page);
  await page.locator('main form:has([value=log_out]) button, main .go-on a').first().click();
  await page.locator('form:has([value=log_out]) button').click();
  await page.goto(`${dev.issuer}/account/security`);
  await submit(page, { username: name, password: CHANGED_PASSWORD });
  await page.locator('[name=code]').waitFor();
  await stop('second factor', page);
  await submit(page, { code: '000000' });
  await refused(page);
  await stop('second factor, refused', page);
  await page.locator('[name=trust]').check();
  await submit(page, { code });
  await page.locator('#trusted').waitFor();
  await stop('account, security with a second factor', page);
}

async function invitations({ page, elsewhere, dev, email, name, stop }) {
  const invite = async (to, browser) => {
    await operate(dev, 'invitation', 'add', to, '--org', 'acme');
    const link = await waitForLink(browser, dev.issuer, { to, path: '/invitation' });
    await browser.goto(link);
    return link;
  };
  const other = `other-${name}@example.test`;
  const link = await invite(other, elsewhere);
  await stop('invitation', elsewhere);
  await submit(elsewhere, { username: `other-${name}`, password: WEAK });
  await refused(elsewhere);
  await stop('invitation, refused', elsewhere);
  await page.goto(link);
  await stop('invitation of another address', page);
  const own = await invite(email, elsewhere);
  await stop('invitation, sign in', elsewhere);
  await page.goto(own);
  await stop('invitation, join', page);
  await submit(page);
  await page.locator('#organizations').waitFor();
  await stop('account, joined', page);
}

async function organizations({ page, dev, name, stop }) {
  await operate(dev, 'org', 'member', 'add', 'globex', name);
  const { url } = request(dev.issuer, { redirect_uri: FAR_REDIRECT, scope: 'openid profile organization' });
  await page.goto(url);
  await page.locator('[name=organization]').first().waitFor();
  await stop('organization chooser', page);
  await submit(page);
  await page.locator('main.consent').waitFor();
  await stop('consent in an organization', page);
}

async function reset({ elsewhere, dev, email, stop }) {
  await elsewhere.goto(`${dev.issuer}/password_reset`);
  await stop('password reset', elsewhere);
  await submit(elsewhere, { username: email });
  await elsewhere.locator('main [role=status]').waitFor();
  await stop('password reset, sent', elsewhere);
  await elsewhere.goto(await waitForLink(elsewhere, dev.issuer, { to: email, path: '/password_reset' }));
  await stop('new password', elsewhere);
  await submit(elsewhere, { password: WEAK });
  await refused(elsewhere);
  await stop('new password, refused', elsewhere);
  await submit(elsewhere, { password: NEW_PASSWORD });
  await elsewhere.locator('main .choices a.primary').waitFor();
  await stop('new password, done', elsewhere);
  return waitForLink(elsewhere, dev.issuer, { to: email, path: '/not_me' });
}

async function factorReset({ elsewhere, dev, email, name, stop }) {
  await operate(dev, 'user', 'factors', name, '--reset', '--link', '--mail');
  await elsewhere.goto(await waitForLink(elsewhere, dev.issuer, { to: email, path: '/second_factor/reset' }));
  await stop('factor reset', elsewhere);
  await submit(elsewhere, { password: WEAK });
  await refused(elsewhere);
  await stop('factor reset, refused', elsewhere);
  await submit(elsewhere, { password: NEW_PASSWORD });
  await elsewhere.locator('main [role=status]').waitFor();
  await stop('factor reset, done', elsewhere);
}

/** The owner of the address says that the new password was another's. */
async function notMe({ elsewhere, stop }, link) {
  await elsewhere.goto(link);
  await stop('not me', elsewhere);
  await submit(elsewhere);
  await elsewhere.locator('main [role=status]').waitFor();
  await stop('not me, done', elsewhere);
}
