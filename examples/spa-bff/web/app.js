// The entry of the page: the user, and the view with or without one.

import { ask } from './http.js';
import { showOrders, takeOrders } from './orders.js';
import { logOut, onExpiry, watch } from './session.js';

const element = (id) => document.getElementById(id);

function tell(sentence) {
  element('problem').textContent = sentence;
  element('problem').hidden = !sentence;
}

/** A failed login redirects here with the reason in the address. Any site can make such a link, so a logged-in user does not see it. */
function tellOfLogin() {
  const error = new URLSearchParams(location.search).get('error');
  if (!error) return;
  tell(error === 'access_denied' ? 'You are not signed in, because the request was declined.' : 'The sign-in was not completed. Please sign in again.');
  history.replaceState(null, '', location.pathname);
}

/** The API asked for a sign-in with a second factor, and the user came back without. */
function tellOfStepUp() {
  if (new URLSearchParams(location.search).get('error') !== 'unmet_authentication_requirements') return;
  tell('This needs a sign-in with a second factor. You can set one up when you are asked to.');
  history.replaceState(null, '', location.pathname);
}

function showVisitor() {
  element('welcome').hidden = false;
  tellOfLogin();
}

async function showPerson({ claims, session }) {
  element('name').textContent = claims.name ?? claims.email ?? claims.sub;
  element('who').hidden = false;
  element('desk').hidden = false;
  watch(session);
  takeOrders(tell);
  await showOrders(tell);
  tellOfStepUp();
}

onExpiry(() => element('expired').open || element('expired').showModal());
element('expired').addEventListener('cancel', (event) => event.preventDefault());
element('log-in-again').addEventListener('click', () => {
  location.assign(`/bff/login?return_to=${encodeURIComponent(location.pathname + location.hash)}`);
});
element('log-out').addEventListener('click', () => logOut().catch((error) => tell(error.message)));

try {
  const user = await ask('/bff/user', { expected: 401 });
  if (user) await showPerson(user);
  else showVisitor();
} catch (error) {
  tell(error.message);
}
