// The mailbox of `cardea dev`.

import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE = 20_000;

/** Looks until something is there. */
async function eventually(what, look) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`there is no ${what}`);
    await pause(50);
  }
}

/** Opens the newest mail to this address, once it is there; without `subject`, that of any. */
export async function openMail(page, issuer, { to, subject = '' }) {
  const mail = page.getByRole('listitem').filter({ has: page.getByText(to, { exact: true }) }).getByRole('link', { name: subject }).first();
  await eventually(`mail to ${to}`, async () => {
    await page.goto(`${issuer}/dev/mailbox`);
    return (await mail.count()) > 0;
  });
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

/** The address of the link in the newest mail to this address, once it leads to this path. */
export function waitForLink(page, issuer, { to, path }) {
  return eventually(`link to ${path}`, async () => {
    await openMail(page, issuer, { to });
    const links = await page.locator('.mail-text a').evaluateAll((all) => all.map(({ href }) => href));
    return links.find((href) => new URL(href).pathname === path);
  });
}
