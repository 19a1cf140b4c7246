// The real binary, in a folder of its own and on a port of its own.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const BINARY = process.env.CARDEA_BIN ?? fileURLToPath(new URL('../../../target/debug/cardea', import.meta.url));
const PATIENCE = 20_000;

/** `cardea serve` with a configuration; `configuration` gets the issuer and answers TOML. */
export async function serve(configuration) {
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'master.key'), randomBytes(32).toString('base64'), { mode: 0o600 });
  await writeFile(
    join(folder, 'cardea.toml'),
    `issuer = "${issuer}"
listen = "127.0.0.1:${port}"
store.url = "sqlite:cardea.db"
keys.master_key_file = "master.key"
limits.enabled = false
${configuration}`,
  );
  return start(['serve', '--config', 'cardea.toml'], { issuer, folder });
}

/** `cardea dev`, with its demonstration application on port 5173. */
export async function dev() {
  const port = await freePort();
  const folder = await temporaryFolder();
  const provider = await start(['dev', '--port', String(port)], { issuer: `http://localhost:${port}`, folder });
  return { ...provider, application: 'http://localhost:5173/' };
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

async function start(parameters, { issuer, folder }) {
  const child = spawn(BINARY, parameters, { cwd: folder, env: { ...process.env, TMPDIR: folder } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
  child.on('error', (error) => (said += error.message));
  const ended = new Promise((resolve) => child.on('close', resolve));
  await ready(issuer, child, () => said);
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  return { issuer, stop, said: () => said };
}

async function ready(issuer, child, said) {
  const end = Date.now() + PATIENCE;
  while (child.pid !== undefined && child.exitCode === null && Date.now() < end) {
    const answer = await fetch(`${issuer}/health/ready`).catch(() => undefined);
    if (answer?.ok) return;
    await pause(20);
  }
  child.kill('SIGKILL');
  throw new Error(`${BINARY} is not ready:\n${said()}`);
}
