// Apache with mod_auth_openidc of the distribution, in front of an application without a login that shows its request headers.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';

import { freePort } from './provider.js';

const SECRET = 'apache-secret-0123456789-0123456789-012';
const MODULES = '/usr/lib/apache2/modules';
const LOADED = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'auth_openidc', 'proxy', 'proxy_http'];
const PATIENCE = 10_000;

/** Its address, its registration at the provider, and its start. */
export async function apache() {
  const url = `http://localhost:${await freePort()}`;
  const callback = `${url}/protected/callback`;
  const client = {
    client_id: 'apache',
    client_secret: SECRET,
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [callback],
    post_logout_redirect_uris: [`${url}/bye`],
    backchannel_logout_uri: `${callback}?logout=backchannel`,
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid profile email',
  };
  return { url, callback, client, start: (issuer) => start({ url, callback, issuer }) };
}

async function start({ url, callback, issuer }) {
  const folder = await mkdtemp(join(tmpdir(), 'cardea-apache-'));
  const application = createServer((request, response) => response.end(JSON.stringify(request.headers)));
  application.listen(0, '127.0.0.1');
  await once(application, 'listening');
  const file = join(folder, 'apache.conf');
  const behind = `http://127.0.0.1:${application.address().port}/`;
  await writeFile(file, configuration({ folder, url, callback, issuer, behind }), { mode: 0o600 });
  const server = spawn('apache2', ['-D', 'FOREGROUND', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  await once(server, 'spawn');
  const ended = once(server, 'close');
  const stop = async () => {
    server.kill('SIGTERM');
    await ended;
    application.close();
    application.closeAllConnections();
    await rm(folder, { recursive: true });
  };
  try {
    await ready(`${url}/open`, server);
  } catch (error) {
    const log = await readFile(join(folder, 'error.log'), 'utf8').catch(() => 'nothing');
    await stop();
    throw new Error(`${error.message}; what apache2 said:\n${log}`);
  }
  return stop;
}

function configuration({ folder, url, callback, issuer, behind }) {
  const modules = LOADED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n');
  // Started by root it serves as `nobody`, because Apache refuses to serve as root.
  const user = process.getuid() === 0 ? 'User nobody\nGroup nogroup' : '';
  return `${modules}
${user}
ServerRoot ${folder}
ServerName ${url}
DefaultRuntimeDir ${folder}
PidFile ${folder}/apache.pid
ErrorLog ${folder}/error.log
LogLevel info
Listen 127.0.0.1:${new URL(url).port}

OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID apache
OIDCClientSecret ${SECRET}
OIDCRedirectURI ${callback}
OIDCCryptoPassphrase ${randomBytes(32).toString('hex')}
OIDCResponseType code
OIDCPKCEMethod S256
OIDCScope "openid profile email"

<Location /protected>
  AuthType openid-connect
  Require valid-user
</Location>
ProxyPass /protected/callback !
ProxyPass / ${behind}
`;
}

async function ready(url, server) {
  const deadline = Date.now() + PATIENCE;
  while (Date.now() < deadline) {
    if (server.exitCode !== null) throw new Error(`apache2 ended with ${server.exitCode}`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await after(20);
  }
  throw new Error(`${url} did not answer in ${PATIENCE / 1000} s`);
}
