#!/bin/sh
# The API is called with the access token of tokens.json.
set -eu
api=${api:-http://localhost:4000}
token=$(sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p' tokens.json)

curl -sS --fail-with-body -H "Authorization: Bearer $token" "$api/orders" \
  -H 'Content-Type: application/json' -d '{"item": "Brass hinge", "quantity": 2}'
echo
curl -sS --fail-with-body -H "Authorization: Bearer $token" "$api/orders"
echo
curl -sS --fail-with-body -H "Authorization: Bearer $token" "$api/me"
echo
curl -sS --fail-with-body -H "Authorization: Bearer $token" "$api/admin/metrics"
echo

# Without a token: 401, and WWW-Authenticate says what is needed.
curl -sS -i "$api/orders"
echo
