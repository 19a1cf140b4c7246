// The users and the registered clients, by name.

export const REDIRECT_URI = 'http://localhost:5173/callback';
export const AFTER_LOGOUT = 'http://localhost:5173/bye';
export const API = 'api://orders';
export const MAIL = 'api://mail';

export const ALICE = { username: 'alice', password: 'wonderland & 7 + doors %' };
/** Who sets up a second factor. */
export const CAROL = { username: 'carol', password: 'a rabbit & 3 + watches %' };

/** RFC 6749 §2.3.1: identifier and secret are form-url-encoded in the header; these have characters that need it. */
export const BASIC = { id: 'web:basic+1/a%20', secret: "s:%41+b /c&d=e?f#é€~!*'()-._ 0123456789" };
export const POST = { id: 'post', secret: 'p:%41+b /c&d=e?f#é€~!*\'()-._ 0123456789' };
/** Without such characters, for clients that don't encode them. */
export const PLAIN = { id: 'plain', secret: 'plain-secret-0123456789-0123456789-0123' };
export const ORDERS_API = { id: 'orders-api', secret: 'orders-api-secret-0123456789-0123456789' };

export const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'];

const SCOPE =
  'openid profile email address phone offline_access orders:read orders:write mail:send';
const LOGS_PEOPLE_IN = {
  redirect_uris: [REDIRECT_URI],
  post_logout_redirect_uris: [AFTER_LOGOUT],
  grant_types: ['authorization_code', 'refresh_token'],
  scope: SCOPE,
};

const publicClient = (client_id, more = {}) => ({
  client_id,
  token_endpoint_auth_method: 'none',
  ...LOGS_PEOPLE_IN,
  ...more,
});

const confidential = (client_id, token_endpoint_auth_method, more = {}) => ({
  client_id,
  token_endpoint_auth_method,
  ...LOGS_PEOPLE_IN,
  grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  ...more,
});

/** All clients; `jwks` is the public key of those that sign, `jwksUri` its URL. */
export function clients({ jwks, jwksUri }) {
  const secret = ({ secret }) => ({ client_secret: secret });
  const everything = (alg) => ({
    access_token_signing_alg: alg,
    id_token_signed_response_alg: alg,
    userinfo_signed_response_alg: alg,
    userinfo_with_api_token: true,
  });
  return [
    publicClient('spa', { client_name: 'Orders & more <spa>' }),
    publicClient('strict', { refresh_rotation: 'strict' }),
    publicClient('fussy', { require_state: true, require_nonce: true, require_auth_time: true }),
    ...ALGORITHMS.map((alg) => publicClient(`signed-${alg}`, everything(alg))),
    confidential(BASIC.id, 'client_secret_basic', secret(BASIC)),
    confidential(POST.id, 'client_secret_post', secret(POST)),
    confidential(PLAIN.id, 'client_secret_basic', secret(PLAIN)),
    confidential('opaque', 'client_secret_basic', { ...secret(PLAIN), access_token_format: 'opaque' }),
    confidential('excused', 'client_secret_basic', { ...secret(PLAIN), require_pkce: false }),
    confidential('key-by-value', 'private_key_jwt', { jwks, token_endpoint_auth_signing_alg: 'ES256' }),
    confidential('key-by-uri', 'private_key_jwt', { jwks_uri: jwksUri }),
    confidential('key-issuer-only', 'private_key_jwt', { jwks, issuer_only: true }),
    {
      client_id: ORDERS_API.id,
      client_secret: ORDERS_API.secret,
      grant_types: ['client_credentials'],
      scope: 'orders:read',
    },
  ];
}

export const resources = [
  { audience: API, scopes: ['orders:read', 'orders:write'], introspection_clients: [ORDERS_API.id] },
  { audience: MAIL, scopes: ['mail:send'], introspection_clients: [] },
];

export const users = [
  CAROL,
  {
    ...ALICE,
    email: 'alice@example.test',
    email_verified: true,
    roles: ['user'],
    claims: {
      name: 'Alice Ångström',
      given_name: 'Alice',
      family_name: 'Ångström',
      locale: 'en',
      phone_number: '+1 555 0100',
      address: { country: 'NL', formatted: 'Line 1\nLine 2' },
    },
  },
];
