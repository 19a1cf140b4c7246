// Chromium, and the errors that its pages report.

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

/** A browser that trusts servers with this certificate, and no other invalid one. */
export function launchTrusting(certificate) {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
  const pin = createHash('sha256').update(key).digest('base64');
  return chromium.launch({ ...OPTIONS, args: [...OPTIONS.args, `--ignore-certificate-errors-spki-list=${pin}`] });
}

/** A browser with cookies disabled in its settings. */
export async function launchWithoutCookies(folder) {
  const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
  await mkdir(join(folder, 'Default'), { recursive: true });
  await writeFile(join(folder, 'Default', 'Preferences'), JSON.stringify(settings));
  return chromium.launchPersistentContext(folder, OPTIONS);
}

/**
 * A new user's browser, without a login. It is closed with the test, which fails if a page reported an error other than those
 * that it `expects`.
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

/** The errors of the browser: failed scripts, violated policies, missing files. */
export function listen(context, expects = []) {
  const complaints = [];
  const complain = (text) => expects.some((expected) => expected.test(text)) || complaints.push(text);
  context.on('console', (message) => {
    // A page that refuses has a status over 400; such a status of a file is checked below.
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
