// PyPI Authlib: the checks are in python/authlib_client.py, and each of them is a test here.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

import { AFTER_LOGOUT, ALICE, API, BASIC, ORDERS_API, PLAIN, POST, REDIRECT_URI } from './clients.js';
import { startProvider } from './provider.js';

const SCRIPT = new URL('python/authlib_client.py', import.meta.url).pathname;

/** The provider and its clients, for the script. */
const world = ({ issuer, key }) => ({
  issuer,
  person: ALICE,
  redirect_uri: REDIRECT_URI,
  after_logout: AFTER_LOGOUT,
  api: API,
  basic: BASIC,
  post: POST,
  plain: PLAIN,
  orders_api: ORDERS_API,
  private_jwk: key.privateJwk,
});

test('Authlib', async (t) => {
  assert.ok(process.env.PYTHON, 'PYTHON must name a python that has requirements.txt');
  const provider = await startProvider();
  t.after(provider.stop);
  const python = spawn(process.env.PYTHON, ['-B', SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(python, 'close');
  t.after(() => python.kill());
  python.stdin.end(JSON.stringify(world(provider)));

  let seen = 0;
  let announced;
  for await (const line of createInterface({ input: python.stdout })) {
    const { name, problem, ms, checks } = JSON.parse(line);
    announced = checks;
    if (name === undefined) continue;
    seen += 1;
    await t.test(`${name} (${ms} ms)`, () => assert.equal(problem, null, problem));
  }
  const [code] = await ended;
  assert.equal(code, 0);
  assert.equal(seen, announced, 'the script ended before its last check');
});
