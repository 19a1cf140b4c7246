//! Request headers that are never forwarded, because only a proxy may say what they say.

/// Headers of the kind `X-…` by which proxies and platforms report the identity, the certificate, the address or the original
/// request of a client.
const AFTER_X: &[&str] = &[
    "akamai-",
    "amzn-",
    "anonymous-",
    "apigateway-",
    "appengine-",
    "arr-",
    "auth-",
    "authelia-",
    "authenticated-",
    "authentik-",
    "azure-",
    "cdn-",
    "cert-",
    "certificate",
    "client-",
    "clientip",
    "cluster-client-",
    "consumer-",
    "credential-",
    "endpoint-api-",
    "envoy-",
    "forward-",
    "forwarded",
    "goog-authenticated-user-",
    "goog-iap-",
    "host",
    "http-destinationurl",
    "http-host-",
    "https",
    "iap-",
    "incap-",
    "iv-",
    "jwt-",
    "ms-",
    "mtls-",
    "original-",
    "originating-",
    "peer-",
    "pomerium-",
    "proxy-",
    "proxyuser-",
    "real-",
    "remote-",
    "request-id",
    "rewrite-",
    "scheme",
    "shib-",
    "spiffe-",
    "ssl-",
    "sso-",
    "subject-",
    "sucuri-",
    "tls-",
    "token-subject",
    "url-scheme",
    "user-",
    "userid",
    "userinfo",
    "username",
    "vouch-",
    "webauth-",
];

/// The same without `X-`.
const OTHERS: &[&str] = &[
    "ali-cdn-",
    "auth-user",
    "authelia-",
    "authentik-",
    "base-url",
    "cdn-src-ip",
    "cf-",
    "client-cert",
    "client-dn",
    "client-ip",
    "client-verify",
    "cloudfront-",
    "fastly-",
    "forwarded",
    "front-end-https",
    "iap-",
    "incap-",
    "iv-",
    "mellon-",
    "oidc-",
    // CGI turns it into HTTP_PROXY, by which programs choose a proxy for their own requests (httpoxy).
    "proxy",
    "remote-",
    "shib-",
    "sm-",
    "smuser",
    "ssl-",
    "tailscale-",
    "tls-client-",
    "true-client-",
    "wl-proxy-",
];

/// Headers that clients themselves send, and that say nothing about who they are.
const OF_CLIENTS: &[&str] = &[
    "x-amzn-trace-id",
    "x-auth-token",
    "x-client-data",
    "x-client-info",
    "x-client-version",
    "x-user-agent",
];

/// Whether only a proxy may say what this header says.
#[must_use]
pub fn is_of_proxies(name: &str) -> bool {
    // Many applications read `_` as `-`, and some every sign, so that `X_Forwarded_For` would be another form of the name.
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return true;
    }
    let (rest, starts) = match name.strip_prefix("x-") {
        Some(rest) => (rest, AFTER_X),
        None => (name, OTHERS),
    };
    let is_listed = rest == "user" || starts.iter().any(|start| rest.starts_with(start));
    is_listed && !OF_CLIENTS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_PROXIES: &str = "forwarded x-forwarded-for x-forwarded-anything x-forwarded x-forwarded-user x-forwarded-email \
             x-forwarded-groups x-forwarded-preferred-username x-forwarded-access-token x-forwarded-client-cert \
             x-forwarded-tls-client-cert x-real-ip x-client-ip x-originating-ip true-client-ip cf-connecting-ip \
             fastly-client-ip x-request-id client-cert client-cert-chain x-client-cert x-client-dn \
             x-client-verify x-client-subject x-ssl-client-dn x-ssl-cert ssl-client-verify ssl-client-s-dn \
             x-arr-clientcert x-amzn-mtls-clientcert x-amzn-mtls-clientcert-subject x-amzn-oidc-identity \
             x-amzn-oidc-data x-goog-authenticated-user-email x-goog-iap-jwt-assertion x-ms-client-principal-name \
             x-ms-client-principal x-ms-token-aad-access-token cf-access-jwt-assertion \
             cf-access-authenticated-user-email tailscale-user-login wl-proxy-client-ip wl-proxy-ssl remote-user \
             remote-groups x-remote-user x-remote-group x-webauth-user x-webauth-roles x-auth-request-user \
             x-auth-request-email x-auth-user x-auth-username x-authentik-username x-authenticated-user \
             x-consumer-username x-credential-identifier x-userinfo x-user x-user-email x-vouch-user \
             x-pomerium-jwt-assertion x-envoy-external-address x-envoy-original-path x-appengine-user-email \
             x-original-url x-original-host x-rewrite-url oidc-claim-email iv-user sm-user shib-session-id proxy \
             remote_user x_forwarded_for x_webauth_user x-webauth_user x_auth-request_user x.forwarded.for \
             x!real!ip";

    const FORWARDED: &str = "accept authorization content-type content-length cookie cache-control dpop if-none-match \
             idempotency-key origin priority range sec-fetch-site sec-websocket-key traceparent user-agent \
             x-api-key x-auth-token x-client-version x-csrf x-csrf-token x-requested-with x-user-agent \
             x-xsrf-token";

    #[test]
    fn g5_what_only_a_proxy_may_say_is_recognized() {
        for name in OF_PROXIES.split_whitespace() {
            assert!(is_of_proxies(name), "{name}");
        }
        for name in FORWARDED.split_whitespace() {
            assert!(!is_of_proxies(name), "{name}");
        }
    }
}
