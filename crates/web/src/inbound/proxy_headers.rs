//! Request headers that are never forwarded, because only a proxy may say what they say.

/// Headers of the kind `X-…` by which proxies and platforms report the identity, the certificate, the address or the original
/// request of a client.
const AFTER_X: &[&str] = &[
    "akamai-",
    "amzn-",
    "anonymous-",
    "apigateway-",
    "apm-",
    "appengine-",
    "appservice-",
    "arr-",
    "auth-",
    "authelia-",
    "authenticated-",
    "authentik-",
    "authorized-",
    "azure-",
    "cas-",
    "cdn-",
    "cert-",
    "certificate",
    "citrix-",
    "claim",
    "client-",
    "cluster-client-",
    "consumer-",
    "credential-",
    "current-user",
    "custom-ip",
    "dex-",
    "email",
    "employee",
    "endpoint-api-",
    "envoy-",
    "ext-authz-",
    "fd-",
    "forward",
    "fwd-",
    "goog-",
    "group-",
    "hass-",
    "hasura-",
    "host",
    "http-destinationurl",
    "http-host-",
    "https",
    "iap-",
    "identity",
    "impersonat",
    "incap-",
    "ingress-",
    "internal-",
    "iv-",
    "jwt-",
    "kong-",
    "ldap-",
    "ms-",
    "mtls-",
    "nf-",
    "oauth-",
    "oidc-",
    "on-behalf-of",
    "original-",
    "originating-",
    "peer-",
    "permission",
    "pomerium-",
    "principal",
    "proxied",
    "proxy",
    "railway-",
    "real-",
    "remote-",
    "request-id",
    "rewrite-",
    "role-",
    "rstudio-",
    "saml-",
    "sandstorm-",
    "scheme",
    "shib-",
    "spiffe-",
    "ssl-",
    "sso-",
    "subject-",
    "sucuri-",
    "teleport-",
    "tls-",
    "token-subject",
    "true-client-",
    "trusted-",
    "url-scheme",
    "user",
    "vercel-",
    "verified-",
    "vouch-",
    "waws-",
    "webauth-",
    "ynh-",
];

/// The same without `X-`.
const OTHERS: &[&str] = &[
    "akamai-",
    "ali-cdn-",
    "apm-",
    "auth-",
    "authelia-",
    "authenticated-",
    "authentik-",
    "base-url",
    "cas-",
    "cdn-src-ip",
    "cf-",
    "client-cert",
    "client-dn",
    "client-ip",
    "client-verify",
    "cloudfront-",
    "coming-from",
    "disguised-host",
    "do-connecting-ip",
    "eduperson",
    "employee",
    "es-security-",
    "fastly-",
    "fly-",
    "forward",
    "front-end-https",
    "iap-",
    "identity",
    "impersonat",
    "incap-",
    "iv-",
    "kong-",
    "mellon-",
    "oam-",
    "oidc-",
    "openam-",
    "osso-",
    "principal",
    "proxied",
    "proxy",
    "real-ip",
    "remote-",
    "saml-",
    "schac",
    "shib-",
    "sm-",
    "smuser",
    "ssl-",
    "sso-",
    "tailscale-",
    "teleport-",
    "tls-client-",
    "true-client-",
    "unscoped-",
    "user",
    "wl-proxy-",
    "ynh-",
];

/// Ends of names, with and without `X-`, by which products that are in no list report the same: `X-Logged-In-User`, `Adfs-Upn`,
/// `X-Acme-Roles`, `X-Source-Ip`. A user, not what a user does: `X-Acme-User-Agent` ends otherwise.
const ENDS: &[&str] = &[
    "authuser",
    "-client-cert",
    "clientcert",
    "clientip",
    "-connecting-ip",
    "-eppn",
    "-group",
    "-groups",
    "-https",
    "-ip",
    "-ip-address",
    "-principal",
    "-role",
    "-roles",
    "-upn",
    "-user",
    "-user-email",
    "-user-id",
    "-user-name",
    "-userid",
    "-userinfo",
    "-username",
];

/// Whole names with and without `X-`: attributes of a user that Shibboleth and gateways such as Kong set, and what platforms report
/// about the connection of a client.
const WHOLE: &[&str] = &[
    "access-token",
    "affiliation",
    "assurance",
    "claims",
    "cn",
    "common-name",
    "commonname",
    "display-name",
    "displayname",
    "dn",
    "email",
    "email-verified",
    "entitlement",
    "entitlements",
    "eppn",
    "full-name",
    "fullname",
    "given-name",
    "givenname",
    "grafana-org-id",
    "group",
    "groups",
    "https",
    "id-token",
    "ismemberof",
    "login",
    "mail",
    "member-of",
    "memberof",
    "netid",
    "organizationname",
    "pairwise-id",
    "permissions",
    "persistent-id",
    "preferred-name",
    "preferred-username",
    "primary-affiliation",
    "role",
    "roles",
    "scopes",
    "sn",
    "ssl",
    "sub",
    "subject",
    "subject-id",
    "surname",
    "targeted-id",
    "transient-name",
    "uid",
    "upn",
];

/// Headers that clients themselves send: they say nothing about the user, or are a secret that the application checks.
const OF_CLIENTS: &[&str] = &[
    "api-username",
    "auth-token",
    "sec-fetch-user",
    "user-agent",
    "x-amzn-trace-id",
    "x-auth-token",
    "x-client-data",
    "x-client-info",
    "x-client-version",
    "x-goog-api-client",
    "x-goog-api-key",
    "x-goog-fieldmask",
    "x-goog-request-params",
    "x-goog-user-project",
    "x-hasura-admin-secret",
    "x-redmine-switch-user",
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
    let is_listed = WHOLE.contains(&rest)
        || starts.iter().any(|start| rest.starts_with(start))
        || ENDS.iter().any(|end| rest.ends_with(end));
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
             x!real!ip x-email x-email-verified x-groups x-group x-roles x-role x-user-id x-user-name x-user-groups \
             x-username x-userid x-users x-preferred-username x-id-token x-access-token x-principal x-permissions \
             impersonate-user impersonate-group impersonate-uid impersonate-extra-scopes x-impersonate-user \
             x-hasura-role x-hasura-user-id x-hasura-allowed-roles fly-client-ip fly-forwarded-proto fly-region \
             shib-identity-provider eppn mail affiliation unscoped-affiliation entitlement persistent-id \
             targeted-id subject-id pairwise-id givenname sn uid displayname edupersonprincipalname \
             x-goog-authenticated-user-id x-goog-iap-x x-ms-client-principal-id x-ms-token-google-id-token \
             x-amzn-oidc-accesstoken cf-access-client-id cf-ipcountry cf-visitor tailscale-user-name \
             tailscale-user-profile-pic tailscale-app-capabilities x-webauth-email x-webauth-fullname \
             remote-email remote-name user user-id user-email username groups roles email login \
             x-auth-email x-auth-roles auth-email auth-groups authenticated-user cas-user oam-remote-user osso-user-dn \
             x-vercel-forwarded-for x-nf-client-connection-ip x-true-client-ip akamai-origin-hop do-connecting-ip \
             x-ingress-path x-hass-user-id x-teleport-user teleport-jwt-assertion x-internal-user x-trusted-user \
             x-saml-username x-oidc-sub x-oauth-user x-ldap-user x-forwarder-for real-ip x-sub x-subject x-dn \
             x_email impersonate_user x_hasura_role http_remote_user shib_session_id x-user_id";

    /// Of products and platforms that no list names one by one.
    const BY_FORM: &str = "x-proxiedentitieschain x-proxyhost x-proxyscheme x-proxycontextpath x-proxyport proxyhost x-trino-user \
             x-presto-user x-grafana-org-id kong-consumer-id x-kong-consumer-username x-logged-in-user x-session-user \
             x-authn-user x-kerberos-user logon-user x-logon-user x-authuser authuser x-okta-user okta-user-id \
             adfs-upn x-adfs-upn x-acme-username x-acme-userid x-acme-user-name x-acme-role x-acme-roles x-acme-group \
             ad-groups x-acme-user-email x-acme-eppn x-acme-userinfo x-acme-principal x-clientcert clientcert \
             x-acme-clientcert x-acme-client-cert x-ssl ssl x-front-end-https front-end-https microsoft-front-end-https \
             https clientip x-clientip x-acme-clientip x-source-ip source-ip x-acme-connecting-ip x-acme-ip-address";

    /// Headers of ordinary apps and browsers that look alike.
    const OF_APPS: &str = "sec-fetch-user api-username x-redmine-switch-user x-user-agent user-agent x-request-user-agent \
             x-login-hint x-zip x-tip x-skip x-ship clip upgrade-insecure-requests x-grouping \
             x-requested-with x-app-version x-device-id x-session-id x-csrf-token accept-ch \
             x-amz-user-agent x-client-version x-subgroup";

    const FORWARDED: &str = "accept authorization content-type content-length cookie cache-control dpop if-none-match \
             idempotency-key origin priority range sec-fetch-site sec-websocket-key traceparent user-agent \
             x-api-key x-auth-token x-client-version x-csrf x-csrf-token x-requested-with x-user-agent \
             x-xsrf-token accept-language from referer link cdn-loop sec-ch-ua x-goog-api-key \
             x-hasura-admin-secret x-tenant-id x-request-start x-trace-id x-emerald submit mailto rolex groupware \
             x-idempotency-key x-signature x-hub-signature-256 stripe-signature last-event-id upgrade-insecure-requests \
             save-data device-memory via x-b3-traceid sentry-trace baggage auth-token";

    #[test]
    fn g5_what_only_a_proxy_may_say_is_recognized() {
        for name in OF_PROXIES
            .split_whitespace()
            .chain(BY_FORM.split_whitespace())
        {
            assert!(is_of_proxies(name), "{name}");
        }
        for name in FORWARDED
            .split_whitespace()
            .chain(OF_APPS.split_whitespace())
        {
            assert!(!is_of_proxies(name), "{name}");
        }
    }
}
