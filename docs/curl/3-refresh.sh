#!/bin/sh
# The refresh token of tokens.json gives new tokens. It is valid once, and gives the next one.
set -eu
issuer=${issuer:-http://localhost:9000}
refresh_token=$(sed -n 's/.*"refresh_token":"\([^"]*\)".*/\1/p' tokens.json)

curl -sS --fail-with-body "$issuer/token" -o new-tokens.json \
  -d grant_type=refresh_token -d client_id=spa -d "refresh_token=$refresh_token"
mv new-tokens.json tokens.json

# An access token for fewer scopes.
refresh_token=$(sed -n 's/.*"refresh_token":"\([^"]*\)".*/\1/p' tokens.json)
curl -sS --fail-with-body "$issuer/token" -o tokens.json \
  -d grant_type=refresh_token -d client_id=spa -d "refresh_token=$refresh_token" -d scope=orders:read
sed -n 's/.*"scope":"\([^"]*\)".*/now for: \1/p' tokens.json
echo
