// The mailbox of `cardea dev`.

import { setTimeout as pause } from 'node:timers/promises';

/** Opens the newest mail to this address, once it is there; without `subject`, that of any. The test's time limit ends the wait. */
export async function openMail(page, issuer, { to, subject = '' }) {
  const mail = page.getByRole('listitem').filter({ hasText: to }).getByRole('link', { name: subject }).first();
  await page.goto(`${issuer}/dev/mailbox`);
  while ((await mail.count()) === 0) {
    await pause(50);
    await page.reload();
  }
  await mail.click();
  await page.locator('.mail-text').waitFor();
}

/** The address of the link in the mail that is shown. */
export const linkOf = (page) => page.locator('.mail-text a').first().getAttribute('href');

/** Opens the newest mail to this address, and follows its link. Gives the address of the link. */
export async function followMail(page, issuer, mail) {
  await openMail(page, issuer, mail);
  const link = await linkOf(page);
  await page.goto(link);
  return link;
}
