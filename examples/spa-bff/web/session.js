// The session: its expiry, and the logout.

import { ask, onLoginRequired, onUse } from './http.js';

/** An additional delay, so that the server has ended it too. */
const GRACE = 1_500;

let tellExpiry = () => {};

/** Called when the session has ended, detected by a call or by the clock. */
export function onExpiry(does) {
  tellExpiry = does;
  onLoginRequired(does);
}

/** Asks the server when the session should have ended. Each call of the API extends it by the same time. */
export function watch({ idle_ends_at: idleEnd, ends_at: end }) {
  const idle = Date.parse(idleEnd) - Date.now();
  let timer;
  const wait = () => {
    clearTimeout(timer);
    const left = Math.min(idle, Date.parse(end) - Date.now());
    timer = setTimeout(look, Math.max(left, 0) + GRACE);
  };
  onUse(wait);
  wait();
}

const look = () => ask('/bff/user').catch(() => {});

/** Ends the session here, then at the provider. */
export async function logOut() {
  sessionStorage.clear();
  const farewell = await ask('/bff/logout', { method: 'POST', expected: 401 });
  location.assign(farewell?.redirect ?? '/');
}
