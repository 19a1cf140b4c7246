#!/bin/sh
# A user logs in: /authorize, the pages, /token. The tokens are written to tokens.json.
set -eu
issuer=${issuer:-http://localhost:9000}
redirect_uri=http://localhost:5173/callback

# PKCE: a random verifier stays here, its hash is sent.
verifier=$(openssl rand -base64 48 | tr '+/' '-_' | tr -d '=\n')
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | tr -d '=')

# jar holds the browser's cookies, -L follows to the login page. In a real browser, open the URL that this makes.
rm -f jar
curl -sS -L -c jar -b jar -o login.html -G "$issuer/authorize" \
  -d response_type=code -d client_id=spa --data-urlencode "redirect_uri=$redirect_uri" \
  --data-urlencode 'scope=openid profile email offline_access orders:read orders:write' \
  -d state=my-state -d nonce=my-nonce -d prompt=consent \
  -d "code_challenge=$challenge" -d code_challenge_method=S256

# The user fills in two forms; their hidden fields are sent too.
field() { sed -n "s/.*name=\"$1\" value=\"\([^\"]*\)\".*/\1/p" "$2" | head -n 1; }
curl -sS -L -c jar -b jar -o consent.html "$issuer/login" \
  -d "ticket=$(field ticket login.html)" -d "csrf=$(field csrf login.html)" \
  -d username=bob -d password=hinge-of-the-door-9
back=$(curl -sS -c jar -b jar -o answer.html -w '%{redirect_url}' "$issuer/consent" \
  -d "ticket=$(field ticket consent.html)" -d "csrf=$(field csrf consent.html)" -d decision=allow)

# The browser comes back with a code, which is valid once, for a minute, and only with the verifier.
code=$(echo "$back" | sed -n 's/.*[?&]code=\([^&]*\).*/\1/p')
curl -sS --fail-with-body "$issuer/token" -o tokens.json \
  -d grant_type=authorization_code -d client_id=spa -d "code=$code" \
  -d "redirect_uri=$redirect_uri" -d "code_verifier=$verifier"
echo "tokens.json has the tokens"
