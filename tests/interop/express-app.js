// An app with npm express-openid-connect, as in its documentation.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

import express from 'express';
import oidc from 'express-openid-connect';

const SECRET = 'express-secret-0123456789-0123456789-01';

/** Its address, its registration at the provider, and its start. */
export async function expressApp() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://localhost:${server.address().port}`;
  const client = {
    client_id: 'express',
    client_secret: SECRET,
    token_endpoint_auth_method: 'client_secret_basic',
    redirect_uris: [`${url}/callback`],
    post_logout_redirect_uris: [url],
    backchannel_logout_uri: `${url}/backchannel-logout`,
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid profile email offline_access',
  };
  return { url, client, start: (issuer) => start(server, url, issuer) };
}

function start(server, url, issuer) {
  const app = express();
  app.use(oidc.auth({ ...settings(issuer), baseURL: url }));
  app.get('/', (request, response) => response.send(request.oidc.isAuthenticated() ? 'in' : 'out'));
  app.get('/profile', oidc.requiresAuth(), async (request, response) => {
    const { sub, sid } = request.oidc.idTokenClaims;
    const { email } = await request.oidc.fetchUserInfo();
    response.json({ sub, sid, email });
  });
  app.get('/refresh', oidc.requiresAuth(), async (request, response) => {
    const old = request.oidc.accessToken.access_token;
    const { access_token: fresh } = await request.oidc.accessToken.refresh();
    response.json({ changed: old !== fresh });
  });
  server.on('request', app);
  return () => {
    server.close();
    server.closeAllConnections();
  };
}

const settings = (issuer) => ({
  issuerBaseURL: issuer,
  clientID: 'express',
  clientSecret: SECRET,
  secret: randomBytes(32).toString('hex'),
  authRequired: false,
  idpLogout: true,
  authorizationParams: { response_type: 'code', scope: 'openid profile email offline_access', prompt: 'consent' },
  backchannelLogout: { store: new MemoryStore() },
});

/** A store for sessions, like that of express-session, without its package. */
class MemoryStore {
  #kept = new Map();
  get = (id, done) => done(null, this.#kept.get(id));
  set = (id, value, done) => done(null, this.#kept.set(id, value));
  destroy = (id, done) => done(null, this.#kept.delete(id));
}
