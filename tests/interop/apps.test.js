// Complete third-party applications: npm express-openid-connect, and Apache with mod_auth_openidc.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { apache } from './apache.js';
import { Browser } from './browser.js';
import { ALICE } from './clients.js';
import { expressApp } from './express-app.js';
import { startProvider } from './provider.js';

const stops = [];
let provider;
let app;
let httpd;

before(async () => {
  [app, httpd] = [await expressApp(), await apache()];
  provider = await startProvider({ apps: [app.client, httpd.client] });
  stops.push(provider.stop, app.start(provider.issuer));
  stops.push(await httpd.start(provider.issuer));
});
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

const browser = () => new Browser(provider.issuer, app.url, httpd.url);
const asksForLogin = (visit) => assert.rejects(visit, /no login was expected/);

/** The content of a page, which must exist. */
function shown(page) {
  assert.equal(page.status, 200, `${page.url}: ${page.html}`);
  return JSON.parse(page.html);
}

test('express-openid-connect: login, userinfo, refresh, logout', async () => {
  const person = browser();
  const profile = shown(await person.visit(`${app.url}/profile`, ALICE));
  assert.ok(profile.sub && profile.sid);
  assert.equal(profile.email, 'alice@example.test');
  assert.deepEqual(shown(await person.visit(`${app.url}/refresh`)), { changed: true });
  assert.equal((await person.visit(`${app.url}/logout`)).html, 'out');
  await asksForLogin(person.visit(`${app.url}/profile`));
});

test('mod_auth_openidc: the application behind it sees the user until the logout', async () => {
  const person = browser();
  const headers = shown(await person.visit(`${httpd.url}/protected/page`, ALICE));
  assert.equal(headers.oidc_claim_email, 'alice@example.test');
  assert.equal(headers.oidc_claim_preferred_username, 'alice');
  assert.equal(headers.oidc_claim_iss, provider.issuer);
  const bye = encodeURIComponent(`${httpd.url}/bye`);
  const page = await person.visit(`${httpd.callback}?logout=${bye}`);
  assert.equal(page.url.pathname, '/bye');
  await asksForLogin(person.visit(`${httpd.url}/protected/page`));
});

/** Logged in at both, with one password. */
async function atBoth() {
  const person = browser();
  const headers = shown(await person.visit(`${httpd.url}/protected/page`, ALICE));
  const profile = shown(await person.visit(`${app.url}/profile`));
  assert.equal(profile.sub, headers.oidc_claim_sub);
  return person;
}

test('a logout at express-openid-connect reaches mod_auth_openidc by the back channel', async () => {
  const person = await atBoth();
  const other = await atBoth();
  assert.equal((await person.visit(`${app.url}/logout`)).html, 'out');
  await asksForLogin(person.visit(`${httpd.url}/protected/page`));
  shown(await other.visit(`${httpd.url}/protected/page`));
});

test('a logout at mod_auth_openidc reaches express-openid-connect by the back channel', async () => {
  const person = await atBoth();
  const bye = encodeURIComponent(`${httpd.url}/bye`);
  await person.visit(`${httpd.callback}?logout=${bye}`);
  assert.equal((await person.visit(app.url)).html, 'out');
  await asksForLogin(person.visit(`${app.url}/profile`));
});
