// Chromium, and pages whose complaints are heard.

import assert from 'node:assert/strict';
import { X509Certificate, createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

const PATIENCE = 10_000;
const OPTIONS = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

export const launch = () => chromium.launch(OPTIONS);

/** A browser that takes servers for right that show this certificate, and is as strict as ever with all others. */
export function launchTrusting(certificate) {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  const pin = createHash('sha256').update(key).digest('base64');
  return chromium.launch({ ...OPTIONS, args: [...OPTIONS.args, `--ignore-certificate-errors-spki-list=${pin}`] });
}

/** A browser whose owner has switched cookies off in its settings. */
export async function launchWithoutCookies(folder) {
  const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
  await mkdir(join(folder, 'Default'), { recursive: true });
  await writeFile(join(folder, 'Default', 'Preferences'), JSON.stringify(settings));
  return chromium.launchPersistentContext(folder, OPTIONS);
}

/**
 * A person's browser: nobody is logged in there. It is closed with the test, which fails if a page complained of anything but
 * what it `expects`.
 */
export async function person(t, browser, { expects, ...options } = {}) {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  context.setDefaultTimeout(PATIENCE);
  const complaints = listen(context, expects);
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, [], 'the browser complained');
  });
  return { context, complaints, page: await context.newPage() };
}

/** What the browser finds wrong: scripts that fail, policies that are broken, files that don't come. */
export function listen(context, expects = []) {
  const complaints = [];
  const complain = (text) => expects.some((expected) => expected.test(text)) || complaints.push(text);
  context.on('console', (message) => {
    // A page that says "no" has a status over 400; what such a status means for a file is judged below.
    const refused = /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !refused) complain(message.text());
  });
  context.on('weberror', (error) => complain(error.error().message));
  context.on('response', (response) => {
    if (response.status() >= 500 || (response.status() >= 400 && !response.request().isNavigationRequest())) {
      complain(`${response.status()} ${response.url()}`);
    }
  });
  return complaints;
}
