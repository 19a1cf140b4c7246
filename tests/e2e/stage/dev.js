// `cardea dev`, and the addresses that it prints.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { promisify } from 'node:util';

import { BINARY, freePort, start, temporaryFolder } from './provider.js';

const LAST_WORDS = 'Ctrl-C ends it.';

/** All servers at their own ports, or behind a gateway, with `more` options. An app whose port is taken uses the next free one. */
export async function dev({ gateway = false, more = [] } = {}) {
  const port = await freePort();
  const folder = await temporaryFolder();
  const issuer = gateway ? `https://localhost:${port}/auth` : `http://localhost:${port}`;
  const where = gateway ? [`--gateway=${port}`] : ['--port', String(port)];
  const running = await start(['dev', ...where, ...more], { issuer, folder, ready: LAST_WORDS });
  try {
    return { ...running, ...(await parse(running.said())) };
  } catch (error) {
    await running.stop();
    throw error;
  }
}

/** A command of the operator at a running `cardea dev`: its output. */
export async function operate({ said }, ...words) {
  const [, file] = /cardea user list --config (\S+)/.exec(said());
  const { stdout } = await promisify(execFile)(BINARY, [...words, '--config', file]);
  return stdout;
}

async function parse(said) {
  const row = (what) => new RegExp(`^  ${what} +(\\S+)`, 'm').exec(said)?.[1];
  const curl = parseCurl(said);
  return {
    spa: new URL(row('Single-page app')),
    webapp: new URL(row('Webapp')),
    orders: row('Orders API'),
    curl,
    authority: curl.cacert && (await readFile(curl.cacert, 'utf8')),
  };
}

/** The parts of the printed curl command. */
function parseCurl(said) {
  const line = /^  (curl (?:--cacert (\S+) )?-H "Authorization: Bearer (\S+)" (\S+))$/m.exec(said);
  if (!line) throw new Error(`no curl command in:\n${said}`);
  const [, command, cacert, token, url] = line;
  return { command, cacert, token, url };
}

/** The certificate of a server, verified with this authority. */
export async function certificateOf(url, ca) {
  const { hostname: host, port } = url;
  const socket = tls.connect({ host, port, servername: host, ca });
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return raw;
}

/** A request without a browser. With `ca`, only this authority is trusted. */
export function send(url, { method = 'GET', headers = {}, body, ca } = {}) {
  const { request } = url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, ca }, async (answer) => {
      const said = await text(answer).catch(reject);
      resolve({ status: answer.statusCode, headers: answer.headers, body: said });
    });
    sent.on('error', reject).end(body);
  });
}
