// What users do with their account as a whole: read what happened, download what is kept, delete it, and keep it after all.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { operate } from './stage/dev.js';
import { devStage, followMail, logInAs, person, press, sees, test } from './stage/index.js';

const on = devStage();

/** A browser that is signed in, on a page of the account. */
async function signedIn(t, username, section, options) {
  const { page } = await person(t, on.browser, options);
  await page.goto(`${on.dev.issuer}/account/${section}`);
  await logInAs(page, username);
  await sees(page, 'Your account');
  return page;
}

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'with' : 'without';
  test(`a user reads what happened and downloads what is kept, ${how} JavaScript`, async (t) => {
    const page = await signedIn(t, 'bob', 'activity', { javaScriptEnabled });
    await page.getByText('Signed in', { exact: true }).first().waitFor();
    await page.getByText('Account created').waitFor();

    await page.getByRole('link', { name: 'Profile' }).click();
    await page.getByRole('link', { name: 'Download' }).click();
    await page.getByRole('heading', { name: 'Download my data' }).waitFor();
    // Twice: the page stays as it is after a download.
    for (let times = 0; times < 2; times += 1) {
      const [download] = await Promise.all([page.waitForEvent('download'), press(page, 'Download')]);
      assert.equal(download.suggestedFilename(), 'account-data.json');
      const data = JSON.parse(await readFile(await download.path(), 'utf8'));
      assert.equal(data.profile.username, 'bob');
      assert.equal(data.sessions.some(({ user_agent: agent }) => /Chrom/.test(agent)), true);
      assert.equal(data.activity[0].event, 'data_exported');
      assert.doesNotMatch(JSON.stringify(data), /argon2|alice/);
    }
    await page.getByRole('link', { name: 'Activity' }).click();
    assert.equal((await page.getByText('Data downloaded').count()) >= 2, true);
    await press(page, 'Sign out');
    await sees(page, 'You are signed out');
  });
}

test('an account whose deletion was requested is kept by a sign-in, without JavaScript', async (t) => {
  const { issuer } = on.dev;
  const elsewhere = await signedIn(t, 'alice', 'devices');
  const page = await signedIn(t, 'alice', 'profile', { javaScriptEnabled: false });
  await page.getByRole('link', { name: 'Delete …' }).click();
  await page.getByRole('heading', { name: 'Delete my account' }).waitFor();
  await page.getByText('alice@example.test').waitFor();
  await page.getByRole('link', { name: 'Keep my account' }).click();
  await page.getByRole('link', { name: 'Delete …' }).click();
  await press(page, 'Delete my account');
  await sees(page, 'Your account will be deleted');
  const due = new Date(await page.locator('time').getAttribute('datetime'));
  const days = (due - Date.now()) / 86_400_000;
  assert.ok(days > 13.9 && days < 14.1, `${days} days`);
  const shown = JSON.parse(await operate(on.dev, 'user', 'show', 'alice', '--json'));
  assert.equal(new Date(shown.delete_at).getTime() - due < 1000, true);
  await elsewhere.reload();
  await sees(elsewhere, 'Sign in');

  await followMail(page, issuer, { to: 'alice@example.test', subject: /will be deleted$/ });
  await logInAs(page, 'alice');
  await sees(page, 'Your account is kept');
  await page.getByRole('link', { name: 'Continue' }).click();
  await sees(page, 'Your account');
  await page.getByRole('link', { name: 'Activity' }).click();
  await page.getByText('Deletion of the account cancelled').waitFor();
  const kept = JSON.parse(await operate(on.dev, 'user', 'show', 'alice', '--json'));
  assert.equal(kept.delete_at, null);
});
