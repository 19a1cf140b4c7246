// Calls of our own server. The browser adds the cookie; calls with side effects also carry the proof that this page made them.

const LOGIN_REQUIRED = 'urn:cardea:problem:login-required';
const STEP_UP_REQUIRED = 'urn:cardea:problem:step-up-required';

let expired = () => {};
let used = () => {};

/** Called when a call finds that the session has ended, instead of the call's own error. */
export const onLoginRequired = (does) => (expired = does);

/** Called after a call with a live session. */
export const onUse = (does) => (used = does);

/**
 * The JSON of an answer. `undefined` for the expected other status; for all others an `Error` with a text for the user.
 * @param {{ method?: string, json?: unknown, expected?: number }} call
 */
export async function ask(path, { method = 'GET', json, expected } = {}) {
  const headers = { accept: 'application/json' };
  if (method !== 'GET') headers['x-csrf'] = '1';
  if (json !== undefined) headers['content-type'] = 'application/json';
  const body = json === undefined ? undefined : JSON.stringify(json);
  const answer = await fetch(path, { method, headers, body }).catch(() => {
    throw new Error('The server can’t be reached. Please check your connection.');
  });
  if (answer.status === expected) {
    await answer.body?.cancel();
    return undefined;
  }
  if (answer.ok) {
    used();
    return answer.status === 204 ? undefined : answer.json();
  }
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401 && problem.type === LOGIN_REQUIRED) {
    expired();
    throw new Error('');
  }
  if (answer.status === 401 && problem.type === STEP_UP_REQUIRED) {
    // The sign-in that the API asks for, and back to this page.
    location.assign(`${problem.login}&return_to=${encodeURIComponent(location.pathname + location.hash)}`);
    throw new Error('');
  }
  throw new Error(sentence(problem, answer));
}

/** The text for the user: the server's text for errors that the user can correct, a general one for all others. */
function sentence({ title, detail, correlation_id: id }, { status }) {
  const reference = id ? ` (Reference: ${id})` : '';
  if (status >= 500) return `Something went wrong on our side. Please try again in a moment.${reference}`;
  if (status === 429) return 'That was too fast. Please wait a moment, then try again.';
  if (status === 403) return `Your account does not have access to this.${reference}`;
  return `${detail ?? title ?? 'That did not work. Please reload the page.'}${reference}`;
}
