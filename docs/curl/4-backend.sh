#!/bin/sh
# A program gets a token in its own name: no user, no browser.
set -eu
issuer=${issuer:-http://localhost:9000}
api=${api:-http://localhost:4000}
secret=dev-backend-secret-change-me-000000000000

# Its id and secret in the Authorization header (client_secret_basic).
curl -sS --fail-with-body -u "backend:$secret" "$issuer/token" -o machine.json \
  -d grant_type=client_credentials -d scope=orders:read
token=$(sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p' machine.json)
curl -sS --fail-with-body -H "Authorization: Bearer $token" "$api/orders"
echo

# A wrong secret: invalid_client.
curl -sS "$issuer/token" -d grant_type=client_credentials -d client_id=backend -d client_secret=wrong
echo

# Too small a scope: 403, and the scope that is needed.
curl -sS -i -H "Authorization: Bearer $token" "$api/orders" -d '{}'
echo
