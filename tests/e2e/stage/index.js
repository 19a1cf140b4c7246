// The environment of a test file: a provider with its users and two clients, a client's site, a browser.

import { after, before, test as bare } from 'node:test';

import { FAR_REDIRECT, NATIVE_REDIRECT } from './addresses.js';
import { launch } from './browser.js';
import { client } from './client.js';
import { dev } from './dev.js';
import { serve } from './provider.js';
import { PASSWORDS } from './steps.js';

export * from './addresses.js';
export * from './apps.js';
export { launch, launchTrusting, launchWithoutCookies, listen, person } from './browser.js';
export { HEADING, claims, client, request } from './client.js';
export { dev } from './dev.js';
export * from './inspect.js';
export * from './mailbox.js';
export { temporaryFolder } from './provider.js';
export * from './steps.js';
export * from './totp.js';

/** A test with a time limit; Node 18 has no option for all of them. */
export const test = (name, body) => bare(name, { timeout: 60_000 }, body);

/** `cardea dev`, and a browser: set up before the first test of a file, and stopped after its last. */
export function devStage(options) {
  const parts = {};
  before(async () => {
    parts.dev = await dev(options);
    parts.browser = await launch();
  });
  after(() => Promise.all([parts.browser?.close(), parts.dev?.stop()]));
  return parts;
}

/** Set up before the first test of a file, and stopped after its last: `provider`, `site`, `browser`. */
export function stage(options) {
  const parts = {};
  before(async () => {
    parts.site = await client();
    parts.provider = await serve(configuration(parts.site), options);
    parts.browser = await launch();
  });
  after(async () => {
    await Promise.all([parts.browser?.close(), parts.provider?.stop(), parts.site?.stop()]);
  });
  return parts;
}

const configuration = (site) => `
[[clients]]
client_id = "web"
client_name = "Orders"
redirect_uris = ["${site.redirectUri}", "${FAR_REDIRECT}"]
post_logout_redirect_uris = ["${site.origin}/goodbye"]
token_endpoint_auth_method = "none"
grant_types = ["authorization_code", "refresh_token"]
scope = "openid profile email offline_access orders:read"

[[clients]]
client_id = "desk"
client_name = "Orders for the desk"
application_type = "native"
redirect_uris = ["${NATIVE_REDIRECT}"]
token_endpoint_auth_method = "none"
grant_types = ["authorization_code"]
scope = "openid profile"

[[resources]]
audience = "api://orders"
scopes = ["orders:read"]

[[users]]
username = "alice"
email = "alice@example.test"
email_verified = true
password = "${PASSWORDS.alice}"
claims = { name = "Alice A" }

[[users]]
username = "bob"
password = "${PASSWORDS.bob}"
claims = { name = "Bob B" }

# She consents to no client.
[[users]]
username = "carol"
password = "${PASSWORDS.carol}"
`;
