// The real binary, in its own folder and on its own port.

import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const BINARY = process.env.CARDEA_BIN ?? fileURLToPath(new URL('../../../target/debug/cardea', import.meta.url));
const PATIENCE = 20_000;

/** `cardea serve` with a configuration in TOML; with `tls` over https, under a path. */
export async function serve(configuration, { tls = false } = {}) {
  const port = await freePort();
  const issuer = tls ? `https://localhost:${port}/auth` : `http://localhost:${port}`;
  const folder = await temporaryFolder();
  if (tls) await certify(folder);
  await writeFile(join(folder, 'master.key'), randomBytes(32).toString('base64'), { mode: 0o600 });
  await writeFile(
    join(folder, 'cardea.toml'),
    `issuer = "${issuer}"
listen = "127.0.0.1:${port}"
store.url = "sqlite:cardea.db"
keys.master_key_file = "master.key"
limits.enabled = false
${tls ? 'tls = { cert_file = "cert.pem", key_file = "key.pem" }' : ''}
${configuration}`,
  );
  return start(['serve', '--config', 'cardea.toml'], { issuer, folder });
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export const temporaryFolder = () => mkdtemp(join(tmpdir(), 'cardea-e2e-'));

/** A self-signed certificate for localhost. */
async function certify(folder) {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'key.pem'];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2', '-out', 'cert.pem'];
  await promisify(execFile)('openssl', ['req', '-x509', ...key, ...name], { cwd: folder });
}

/** Starts the binary and waits until it is ready and has printed the words `ready`. */
export async function start(parameters, { issuer, folder, ready = '' }) {
  const child = spawn(BINARY, parameters, { cwd: folder, env: { ...process.env, TMPDIR: folder } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
  child.on('error', (error) => (said += error.message));
  const ended = new Promise((resolve) => child.on('close', resolve));
  /** Its exit status. */
  const end = (signal) => (child.kill(signal), ended);
  const stop = async () => {
    await end('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  };
  if (!(await isReady(issuer, child, () => said.includes(ready)))) {
    await stop();
    throw new Error(`${BINARY} is not ready:\n${said}`);
  }
  return { issuer, folder, end, stop, said: () => said };
}

async function isReady(issuer, child, saysSo) {
  const end = Date.now() + PATIENCE;
  while (child.pid !== undefined && child.exitCode === null && Date.now() < end) {
    if ((await status(`${issuer}/health/ready`)) === 200 && saysSo()) return true;
    await pause(20);
  }
  return false;
}

/** The status of an answer, whatever the certificate; undefined when there is none. */
function status(url) {
  const { get } = url.startsWith('https:') ? https : http;
  return new Promise((resolve) => {
    get(url, { rejectUnauthorized: false }, (answer) => resolve(answer.resume().statusCode)).on('error', () => resolve());
  });
}
