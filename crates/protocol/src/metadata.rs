//! The provider's metadata: OpenID Discovery §3, RFC 8414 §2.

use cardea_jose::Algorithm;
use serde::Serialize;

use crate::{
    claims::supported_claims,
    language::Lang,
    mfa::Acr,
    model::{AuthMethod, GrantType},
    resources::Resources,
};

/// The document at both well-known places.
#[derive(Debug, Clone, Serialize)]
pub struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    end_session_endpoint: String,
    scopes_supported: Vec<String>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 2],
    grant_types_supported: Vec<&'static str>,
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<Algorithm>,
    userinfo_signing_alg_values_supported: Vec<Algorithm>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    token_endpoint_auth_signing_alg_values_supported: Vec<Algorithm>,
    introspection_endpoint_auth_methods_supported: Vec<&'static str>,
    introspection_endpoint_auth_signing_alg_values_supported: Vec<Algorithm>,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    revocation_endpoint_auth_signing_alg_values_supported: Vec<Algorithm>,
    code_challenge_methods_supported: [&'static str; 1],
    prompt_values_supported: Vec<&'static str>,
    ui_locales_supported: [&'static str; 4],
    acr_values_supported: Vec<&'static str>,
    claim_types_supported: [&'static str; 1],
    claims_supported: Vec<String>,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    authorization_response_iss_parameter_supported: bool,
    backchannel_logout_supported: bool,
    backchannel_logout_session_supported: bool,
}

/// The URL of one of the provider's endpoints; the only way to make one (D3: never from the Host header).
#[must_use]
pub fn endpoint(issuer: &str, path: &str) -> String {
    format!("{}{path}", issuer.trim_end_matches('/'))
}

/// OpenID Initiating User Registration 1.0 §3: `create` is listed where it works.
fn prompts(sign_up: bool) -> Vec<&'static str> {
    let create = sign_up.then_some("create");
    let always = ["none", "login", "consent", "select_account"];
    always.into_iter().chain(create).collect()
}

impl Metadata {
    /// The document of an issuer whose key ring signs with `signing`, and whose users reach these classes. Strangers can
    /// sign up, or not.
    #[must_use]
    pub fn new(
        issuer: &str,
        resources: &Resources,
        signing: &[Algorithm],
        acr: &[Acr],
        sign_up: bool,
    ) -> Self {
        let url = |path| endpoint(issuer, path);
        let confidential = [
            AuthMethod::ClientSecretBasic,
            AuthMethod::ClientSecretPost,
            AuthMethod::PrivateKeyJwt,
        ];
        let with_public = || {
            confidential
                .iter()
                .chain(&[AuthMethod::None])
                .map(|m| m.as_str())
                .collect()
        };
        let grant_types = [
            GrantType::AuthorizationCode,
            GrantType::RefreshToken,
            GrantType::ClientCredentials,
        ];
        let own = resources.catalog().own_claims();
        let claims = supported_claims().chain(own);
        let claims = claims.map(str::to_owned).collect();
        Self {
            issuer: issuer.to_owned(),
            authorization_endpoint: url("/authorize"),
            token_endpoint: url("/token"),
            userinfo_endpoint: url("/userinfo"),
            jwks_uri: url("/.well-known/jwks.json"),
            introspection_endpoint: url("/introspection"),
            revocation_endpoint: url("/revocation"),
            end_session_endpoint: url("/end_session"),
            scopes_supported: resources.scopes().map(str::to_owned).collect(),
            response_types_supported: ["code"],
            response_modes_supported: ["query", "form_post"],
            grant_types_supported: grant_types.iter().map(|g| g.as_str()).collect(),
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: signing.to_vec(),
            userinfo_signing_alg_values_supported: signing.to_vec(),
            token_endpoint_auth_methods_supported: with_public(),
            token_endpoint_auth_signing_alg_values_supported: Algorithm::ALL.to_vec(),
            introspection_endpoint_auth_methods_supported: confidential
                .iter()
                .map(|m| m.as_str())
                .collect(),
            introspection_endpoint_auth_signing_alg_values_supported: Algorithm::ALL.to_vec(),
            revocation_endpoint_auth_methods_supported: with_public(),
            revocation_endpoint_auth_signing_alg_values_supported: Algorithm::ALL.to_vec(),
            code_challenge_methods_supported: ["S256"],
            prompt_values_supported: prompts(sign_up),
            ui_locales_supported: Lang::ALL.map(Lang::as_str),
            acr_values_supported: acr.iter().map(|acr| acr.as_str()).collect(),
            claim_types_supported: ["normal"],
            claims_supported: claims,
            claims_parameter_supported: true,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            authorization_response_iss_parameter_supported: true,
            // OpenID Back-Channel Logout §2.1
            backchannel_logout_supported: true,
            backchannel_logout_session_supported: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples::{ISSUER, resources};

    #[test]
    fn the_whole_document() {
        let document = Metadata::new(
            ISSUER,
            &resources(),
            &[Algorithm::RS256, Algorithm::ES256],
            &[Acr::Password, Acr::Mfa],
            false,
        );
        let all = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];
        let confidential = [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ];
        let with_public = [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
            "none",
        ];
        let expected = json!({
            "issuer": "https://id.example",
            "authorization_endpoint": "https://id.example/authorize",
            "token_endpoint": "https://id.example/token",
            "userinfo_endpoint": "https://id.example/userinfo",
            "jwks_uri": "https://id.example/.well-known/jwks.json",
            "introspection_endpoint": "https://id.example/introspection",
            "revocation_endpoint": "https://id.example/revocation",
            "end_session_endpoint": "https://id.example/end_session",
            "scopes_supported": ["openid", "profile", "email", "address", "phone", "roles", "groups", "permissions",
                "organization", "tenants:admin", "offline_access",
                "orders:read", "orders:write", "mail:send"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "userinfo_signing_alg_values_supported": ["RS256", "ES256"],
            "token_endpoint_auth_methods_supported": with_public,
            "token_endpoint_auth_signing_alg_values_supported": all,
            "introspection_endpoint_auth_methods_supported": confidential,
            "introspection_endpoint_auth_signing_alg_values_supported": all,
            "revocation_endpoint_auth_methods_supported": with_public,
            "revocation_endpoint_auth_signing_alg_values_supported": all,
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "ui_locales_supported": ["en", "de", "fr", "es"],
            "acr_values_supported": ["urn:cardea:acr:password", "urn:cardea:acr:mfa"],
            "claim_types_supported": ["normal"],
            "claims_supported": supported_claims().collect::<Vec<_>>(),
            "claims_parameter_supported": true,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
            "authorization_response_iss_parameter_supported": true,
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
        });
        assert_eq!(serde_json::to_value(document).unwrap(), expected);
    }

    #[test]
    fn an_issuer_with_a_path_keeps_it_in_every_url_and_itself_unchanged() {
        let document = Metadata::new(
            "https://host.example/auth/",
            &Resources::default(),
            &[],
            &[],
            true,
        );
        let json = serde_json::to_value(document).unwrap();
        assert_eq!(json["issuer"], "https://host.example/auth/");
        assert_eq!(json["token_endpoint"], "https://host.example/auth/token");
    }
}
