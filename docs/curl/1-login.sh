#!/bin/sh
# A person logs in: /authorize, the pages, /token. The tokens are in tokens.json afterwards.
set -eu
issuer=${issuer:-http://localhost:9000}
redirect_uri=http://localhost:5173/callback

# PKCE: a random verifier stays here, its hash goes along.
verifier=$(openssl rand -base64 48 | tr '+/' '-_' | tr -d '=\n')
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d '=')

# jar is the browser's cookies, -L follows to the login page. In a real browser open the URL that this makes instead.
curl -sS -L -c jar -b jar -o login.html -G "$issuer/authorize" \
  -d response_type=code -d client_id=spa --data-urlencode "redirect_uri=$redirect_uri" \
  --data-urlencode 'scope=openid profile email offline_access orders:read orders:write' \
  -d state=my-state -d nonce=my-nonce -d prompt=consent \
  -d "code_challenge=$challenge" -d code_challenge_method=S256

# The person fills in two forms; their hidden fields go along.
field() { sed -n "s/.*name=\"$1\" value=\"\([^\"]*\)\".*/\1/p" "$2" | head -n 1; }
curl -sS -L -c jar -b jar -o consent.html "$issuer/login" \
  -d "ticket=$(field ticket login.html)" -d "csrf=$(field csrf login.html)" \
  -d username=bob -d password=hinge-of-the-door-9
back=$(curl -sS -c jar -b jar -o answer.html -w '%{redirect_url}' "$issuer/consent" \
  -d "ticket=$(field ticket consent.html)" -d "csrf=$(field csrf consent.html)" -d decision=allow)

# The browser comes back with a code, which is good once, for a minute, and with the verifier alone.
code=$(echo "$back" | sed -n 's/.*[?&]code=\([^&]*\).*/\1/p')
curl -sS --fail-with-body "$issuer/token" -o tokens.json \
  -d grant_type=authorization_code -d client_id=spa -d "code=$code" \
  -d "redirect_uri=$redirect_uri" -d "code_verifier=$verifier"
echo "tokens.json has the tokens"
