#!/bin/sh
# A token is introspected and revoked, by the token's client or one that its API names.
set -eu
issuer=${issuer:-http://localhost:9000}
secret=dev-backend-secret-change-me-000000000000
token=$(sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p' tokens.json)
refresh_token=$(sed -n 's/.*"refresh_token":"\([^"]*\)".*/\1/p' tokens.json)

curl -sS --fail-with-body -u "backend:$secret" "$issuer/introspection" -d "token=$token"
echo

# Revoking the refresh token revokes the whole grant, with all its tokens.
curl -sS --fail-with-body "$issuer/revocation" -d client_id=spa -d "token=$refresh_token"
curl -sS --fail-with-body -u "backend:$secret" "$issuer/introspection" -d "token=$token"
echo
