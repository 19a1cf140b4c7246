// The steps of a user in the apps of `cardea dev`.

import { logIn, sees } from './steps.js';

/** The users of `cardea dev`. */
export const DEV_PASSWORDS = { alice: 'wonderland-7-doors', bob: 'hinge-of-the-door-9' };

/** The single-page app asks for the user before it shows anything; this status means that no user is logged in. */
export const NOBODY_YET = /^401 \S+\/bff\/user$/;

export const WELCOME = "Your company's orders in one place";

export const logInAs = (page, username) => logIn(page, username, DEV_PASSWORDS[username]);

/** A user logs in to the single-page app, and sees the orders. */
export async function enterOrders(page, spa, username = 'alice') {
  await page.goto(spa.href);
  await sees(page, WELCOME);
  await page.getByRole('link', { name: 'Sign in' }).click();
  await comeIn(page, username, 'Orders');
  await page.getByRole('status').filter({ hasText: /order/ }).waitFor();
}

/** A user logs in to the webapp, from its first page. */
export async function enterWebapp(page, webapp, username = 'alice') {
  await page.goto(webapp.href);
  await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click();
  await comeIn(page, username, /^Hello, /);
}

/** Completes the pages of the provider, fewer for a known user; ends in the app, at this heading. */
async function comeIn(page, username, heading) {
  const headings = [heading, /^Sign in(?! to start)/, /^Allow /].map((name) => page.getByRole('heading', { level: 1, name, exact: true }));
  const [inside, form, question] = headings;
  await inside.or(form).or(question).waitFor();
  if (await form.isVisible()) await logInAs(page, username);
  await inside.or(question).waitFor();
  if (await question.isVisible()) await page.getByRole('button', { name: 'Allow', exact: true }).click();
  await inside.waitFor();
}

export async function placeOrder(page, item, quantity) {
  await page.getByLabel('Item').fill(item);
  await page.getByLabel('Quantity').fill(String(quantity));
  await page.getByRole('button', { name: 'Place order' }).click();
}

/** The line of an order in the list. */
export const order = (page, item) => page.getByRole('listitem').filter({ hasText: item });

/** Cookies of a context as a program sends them. */
export async function cookieHeader(context, url) {
  const cookies = await context.cookies(url.href);
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
}
