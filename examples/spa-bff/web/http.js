// Calls of our own server. They carry the cookie by themselves; what changes something also carries the proof that this page made it.

const LOGIN_REQUIRED = 'urn:cardea:problem:login-required';

let expired = () => {};
let used = () => {};

/** What happens when a call finds the session ended. The call's own error has nothing to add. */
export const onLoginRequired = (does) => (expired = does);

/** What happens after a call that found it alive. */
export const onUse = (does) => (used = does);

/**
 * The JSON of an answer. `undefined` for the status that is expected instead; an `Error` that can be shown for all others.
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
  if (answer.status === expected) return undefined;
  if (answer.ok) {
    used();
    return answer.json();
  }
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401 && problem.type === LOGIN_REQUIRED) {
    expired();
    throw new Error('');
  }
  throw new Error(sentence(problem, answer));
}

/** What a user is told: what they can mend in the server's words, all else in plain ones. */
function sentence({ title, detail, correlation_id: id }, { status }) {
  const reference = id ? ` (Reference: ${id})` : '';
  if (status >= 500) return `Something went wrong on our side. Please try again in a moment.${reference}`;
  if (status === 429) return 'That was too fast. Please wait a moment, then try again.';
  if (status === 403) return `Your account does not have access to this.${reference}`;
  return `${detail ?? title ?? 'That did not work. Please reload the page.'}${reference}`;
}
