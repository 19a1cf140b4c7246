// Starts the real binary on a free port of loopback, with its files in a temporary folder.

import { spawn } from 'node:child_process';
import { randomBytes, webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';

import { clients, resources, users } from './clients.js';
import { toml } from './toml.js';

const HOST = '127.0.0.1';
/** The time limit for the binary to become ready, and to end. */
const PATIENCE = 20_000;
const EXIT_PATIENCE = 5_000;
/** A port that was free may be taken in the meantime. */
const ATTEMPTS = 3;

// The clients under test expect both to be global, which they are only from Node 20 on.
globalThis.crypto ??= webcrypto;
globalThis.CryptoKey ??= webcrypto.CryptoKey;

/**
 * A provider whose issuer has this path, with these additional clients, whose servers it may call. `stop` ends it and removes its
 * files.
 */
export async function startProvider({ path = '', apps = [] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'cardea-interop-'));
  const key = await clientKey();
  const keys = await serveKeys(key.jwks);
  const configuration = { folder, path, keys, jwks: key.jwks, apps };
  let server;
  for (let attempt = 1; server === undefined; attempt += 1) {
    try {
      server = await start(configuration);
    } catch (error) {
      if (attempt === ATTEMPTS || !/in use/i.test(error.message)) {
        keys.close();
        await rm(folder, { recursive: true });
        throw error;
      }
    }
  }
  const stop = async () => {
    keys.close();
    await server.end();
    await rm(folder, { recursive: true });
  };
  return { issuer: server.issuer, key, stop };
}

/** The key pair for `private_key_jwt`. */
async function clientKey() {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]);
  const named = async (key, more = {}) => {
    const { key_ops, ext, ...jwk } = await crypto.subtle.exportKey('jwk', key);
    return { ...jwk, kid: 'client-key-1', alg: 'ES256', ...more };
  };
  return {
    privateKey: pair.privateKey,
    privateJwk: await named(pair.privateKey),
    kid: 'client-key-1',
    jwks: { keys: [await named(pair.publicKey, { use: 'sig' })] },
  };
}

/** A client's own server, which serves its keys. */
async function serveKeys(jwks) {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/jwk-set+json');
    response.end(JSON.stringify(jwks));
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  const authority = `${HOST}:${server.address().port}`;
  return { authority, uri: `http://${authority}/jwks.json`, close: () => server.close() };
}

export async function freePort() {
  const server = createServer();
  server.listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function start({ folder, path, keys, jwks, apps }) {
  const listen = `${HOST}:${await freePort()}`;
  const issuer = `http://${listen}${path}`;
  const file = join(folder, 'cardea.toml');
  const masterKey = join(folder, 'master.key');
  await writeFile(masterKey, randomBytes(32).toString('base64'), { mode: 0o600 });
  const text = toml({
    issuer,
    listen,
    store: { url: `sqlite:${join(folder, 'cardea.db')}` },
    keys: { master_key_file: masterKey },
    // All logins come from one address here.
    limits: { login_per_minute: 6000, login_per_account_per_minute: 6000, authorize_per_minute: 6000 },
    outbound: { allow: [keys.authority, ...apps.map((app) => new URL(app.backchannel_logout_uri).host)] },
    clients: [...clients({ jwks, jwksUri: keys.uri }), ...apps],
    resources,
    users,
  });
  await writeFile(file, text);
  return run(file, issuer);
}

async function run(file, issuer) {
  const binary = process.env.CARDEA_BIN;
  if (!binary) throw new Error('CARDEA_BIN must name the binary: `cargo xtask test --only interop` does');
  const child = spawn(binary, ['serve', '--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log = (log + text).slice(-100_000);
  });
  await once(child, 'spawn');
  const ended = once(child, 'close');
  const killed = () => child.kill('SIGKILL');
  process.once('exit', killed);
  const end = async () => {
    child.kill('SIGTERM');
    const late = setTimeout(killed, EXIT_PATIENCE);
    await ended;
    clearTimeout(late);
    process.off('exit', killed);
  };
  try {
    await ready(`${issuer}/health/ready`, child);
  } catch (error) {
    await end();
    throw new Error(`${error.message}; the log of the provider:\n${log}`);
  }
  return { issuer, end };
}

async function ready(url, child) {
  const deadline = Date.now() + PATIENCE;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the provider ended with ${child.exitCode}`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await after(20);
  }
  throw new Error(`${url} did not answer in ${PATIENCE / 1000} s`);
}
