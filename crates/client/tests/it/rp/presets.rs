//! The presets, each against a mock of what its provider documents. The services themselves are not reached by any test.

use std::sync::Arc;

use cardea_client::rp::{
    ClientConfig, LoginOptions, RefreshError, RelyingParty, RpError, StartedLogin,
};
use cardea_jose::{Algorithm, Expected, KeySet, SigningKey};
use cardea_protocol::verify::IdTokenError;
use cardea_seal::Secret;
use cardea_testkit::TestClock;
use cardea_web::{clock::Clock, config::SecretText};
use serde_json::{Value, json};

use super::{
    provider::{Provider, Scripted},
    world::{CALLBACK, callback, nonce, party, pem, query},
};

const TENANT: &str = "5ab1e7e5-0000-4000-8000-00000000000a";
const OTHER_TENANT: &str = "5ab1e7e5-0000-4000-8000-00000000000b";
const APP: &str = "6731de76-14a6-49ae-97bc-6eba6914391e";

struct Stage {
    provider: Provider,
    clock: Arc<TestClock>,
    party: RelyingParty,
    key: SigningKey,
}

impl Stage {
    async fn set(config: impl FnOnce(&str) -> ClientConfig) -> Self {
        let provider = Provider::start().await;
        let clock = Arc::new(TestClock::new());
        let mut config = config(&provider.url);
        config.authentication.client_secret = Some(SecretText::new("secret".to_owned()));
        let party = party(&config, &clock);
        // Microsoft and Google sign with RSA.
        let key = SigningKey::generate(Algorithm::RS256).unwrap();
        Self {
            provider,
            clock,
            party,
            key,
        }
    }

    async fn begin(&self) -> StartedLogin {
        self.party.begin(LoginOptions::to("/")).await.unwrap()
    }

    fn grants(&self, path: &str, answer: &Value) {
        self.provider.says(path, Scripted::json(answer));
    }

    async fn finish(&self, login: &StartedLogin) -> Result<cardea_client::rp::LoggedIn, RpError> {
        let back = callback(&[("code", "0.AQ"), ("state", login.state.state())]);
        self.party.finish(&back, &login.state).await
    }
}

/// Entra ID with this path part in its issuer, whose tenants are these.
async fn entra(part: &str, allowed: &[&str]) -> Stage {
    let stage = Stage::set(|url| ClientConfig {
        issuer: format!("{url}/{part}/v2.0"),
        allowed_tenants: allowed.iter().map(|&one| one.to_owned()).collect(),
        ..ClientConfig::entra(part, APP, CALLBACK)
    })
    .await;
    let url = &stage.provider.url;
    let documented = match part {
        "common" | "organizations" => "{tenantid}",
        tenant => tenant,
    };
    let metadata = json!({
        "token_endpoint": format!("{url}/{part}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{url}/{part}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": format!("{url}/{documented}/v2.0"),
        "request_uri_parameter_supported": false,
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "authorization_endpoint": format!("{url}/{part}/oauth2/v2.0/authorize"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": format!("{url}/{part}/oauth2/v2.0/logout"),
        "tenant_region_scope": null,
        "cloud_instance_name": "microsoftonline.com",
    });
    let place = format!("/{part}/v2.0/.well-known/openid-configuration");
    stage.provider.says(&place, Scripted::json(&metadata));
    let mut keys: Value = serde_json::json!({"keys": [stage.key.public_jwk()]});
    // As published: `use`, `kid` and `issuer`, and no `alg`.
    keys["keys"][0].as_object_mut().unwrap().remove("alg");
    keys["keys"][0]["issuer"] = json!(format!("{url}/{documented}/v2.0"));
    let place = format!("/{part}/discovery/v2.0/keys");
    stage.provider.says(&place, Scripted::json(&keys));
    stage
}

/// Logs a user of this tenant in, whose token names this tenant in `tid`.
async fn entra_login(
    stage: &Stage,
    part: &str,
    (issuer, tid): (&str, &str),
) -> Result<cardea_client::rp::LoggedIn, RpError> {
    let login = stage.begin().await;
    let at = stage.clock.now().as_second();
    let claims = json!({
        "ver": "2.0", "iss": format!("{}/{issuer}/v2.0", stage.provider.url),
        "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "aud": APP, "exp": at + 3600, "iat": at - 300, "nbf": at - 300,
        "name": "Abe Lincoln", "preferred_username": "AbeLi@microsoft.com", "oid": "00000000-0000-0000-66f3-3332eca7ea81",
        "tid": tid, "nonce": nonce(&login), "aio": "Df2UVXL1ix", "roles": ["Task.Approver"],
    });
    let jwt = stage
        .key
        .sign("JWT", claims.to_string().as_bytes())
        .unwrap();
    let granted = json!({"token_type": "Bearer", "scope": "openid profile email", "expires_in": 3599, "ext_expires_in": 3599,
        "access_token": "eyJ0", "refresh_token": "OAAAB", "id_token": jwt});
    stage.grants(&format!("/{part}/oauth2/v2.0/token"), &granted);
    stage.finish(&login).await
}

/// A mock of the documented responses, not the service.
#[tokio::test]
async fn entra_with_one_tenant() {
    let stage = entra(TENANT, &[]).await;
    let logged_in = entra_login(&stage, TENANT, (TENANT, TENANT)).await.unwrap();
    assert_eq!(logged_in.identity.roles, ["Task.Approver"]);
    assert_eq!(
        logged_in.identity.text("preferred_username"),
        Some("AbeLi@microsoft.com")
    );
    assert_eq!(logged_in.identity.text("tid"), Some(TENANT));
    let refused = entra_login(&stage, TENANT, (OTHER_TENANT, OTHER_TENANT)).await;
    assert_eq!(refused.err(), Some(RpError::IdToken(IdTokenError::Issuer)));
    let bye = stage.party.logout_url(None, None, None).await;
    assert!(bye.unwrap().unwrap().contains("/oauth2/v2.0/logout"));
}

/// A mock of the documented responses, not the service.
#[tokio::test]
async fn entra_with_many_tenants_and_a_list() {
    for part in ["common", "organizations"] {
        let stage = entra(part, &[TENANT]).await;
        let logged_in = entra_login(&stage, part, (TENANT, TENANT)).await.unwrap();
        let issuer = format!("{}/{TENANT}/v2.0", stage.provider.url);
        assert_eq!(logged_in.identity.iss, issuer);
        // A tenant that isn't in the list; a listed `tid` in another tenant's token; the other way around; the template itself.
        for forged in [
            (OTHER_TENANT, OTHER_TENANT),
            (OTHER_TENANT, TENANT),
            (TENANT, OTHER_TENANT),
            ("{tenantid}", "{tenantid}"),
        ] {
            let refused = entra_login(&stage, part, forged).await;
            assert_eq!(
                refused.err(),
                Some(RpError::IdToken(IdTokenError::Issuer)),
                "{forged:?}"
            );
        }
    }
}

/// A mock of the documented responses, not the service.
#[tokio::test]
async fn entra_for_anybody_who_has_an_account_if_that_is_said() {
    let stage = entra("common", &["*"]).await;
    for tenant in [TENANT, OTHER_TENANT] {
        let logged_in = entra_login(&stage, "common", (tenant, tenant)).await;
        assert_eq!(logged_in.unwrap().identity.text("tid"), Some(tenant));
    }
    let refused = entra_login(&stage, "common", (TENANT, OTHER_TENANT)).await;
    assert_eq!(refused.err(), Some(RpError::IdToken(IdTokenError::Issuer)));
}

/// A mock of the documented responses, not the service.
#[tokio::test]
async fn entra_knows_the_app_by_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let rsa = SigningKey::generate(Algorithm::PS256).unwrap();
    let file = |name: &str, label: &str, der: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem(label, der)).unwrap();
        Some(path.to_str().unwrap().to_owned())
    };
    let mut stage = entra(TENANT, &[]).await;
    let mut config = ClientConfig {
        issuer: format!("{}/{TENANT}/v2.0", stage.provider.url),
        ..ClientConfig::entra(TENANT, APP, CALLBACK)
    };
    let proof = &mut config.authentication;
    proof.private_key_file = file("key.pem", "PRIVATE KEY", rsa.to_pkcs8().expose());
    proof.certificate_file = file("app.crt", "CERTIFICATE", b"the DER");
    stage.party = party(&config, &stage.clock);
    entra_login(&stage, TENANT, (TENANT, TENANT)).await.unwrap();
    let endpoint = format!("/{TENANT}/oauth2/v2.0/token");
    let form = stage.provider.asked(&endpoint).remove(0).form;
    assert_eq!(form["client_id"], APP);
    let keys = KeySet::from_keys([rsa.public_jwk().clone()]).unwrap();
    let expected = Expected {
        algorithms: &[Algorithm::PS256],
        typ: &["JWT"],
    };
    let assertion = keys.verify(&form["client_assertion"], &expected).unwrap();
    let claims: Value = serde_json::from_slice(&assertion.payload).unwrap();
    assert_eq!(claims["aud"], format!("{}{endpoint}", stage.provider.url));
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!(APP), &json!(APP)));
}

/// A mock of the documented responses, not the service.
#[tokio::test]
async fn google() {
    let stage = Stage::set(|url| ClientConfig {
        issuer: url.to_owned(),
        ..ClientConfig::google("1234987819200.apps.googleusercontent.com", CALLBACK)
    })
    .await;
    let url = &stage.provider.url;
    let metadata = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/o/oauth2/v2/auth"),
        "device_authorization_endpoint": "https://oauth2.googleapis.com/device/code",
        "token_endpoint": format!("{url}/token"),
        "userinfo_endpoint": "https://openidconnect.googleapis.com/v1/userinfo",
        "revocation_endpoint": format!("{url}/revoke"),
        "jwks_uri": format!("{url}/oauth2/v3/certs"),
        "response_types_supported": ["code", "token", "id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["plain", "S256"],
    });
    stage.provider.says_of_itself(&metadata);
    stage.provider.publishes("/oauth2/v3/certs", &[&stage.key]);
    let login = stage.begin().await;
    assert_eq!(query(&login.authorization_url)["access_type"], "offline");
    let at = stage.clock.now().as_second();
    let claims = json!({
        "iss": url, "azp": "1234987819200.apps.googleusercontent.com",
        "aud": "1234987819200.apps.googleusercontent.com", "sub": "10769150350006150715113082367",
        "at_hash": cardea_jose::half_hash(Algorithm::RS256, b"ya29"), "hd": "example.com", "email": "jsmith@example.com",
        "email_verified": true, "iat": at, "exp": at + 3600, "nonce": nonce(&login),
    });
    let jwt = stage
        .key
        .sign("JWT", claims.to_string().as_bytes())
        .unwrap();
    let granted = json!({"access_token": "ya29", "expires_in": 3599, "scope": "openid https://www.googleapis.com/auth/userinfo.email",
        "token_type": "Bearer", "id_token": jwt, "refresh_token": "1//0"});
    stage.grants("/token", &granted);
    // Google names itself in its answers, though its metadata doesn't say so.
    let back = callback(&[
        ("code", "4/P7q7W91"),
        ("state", login.state.state()),
        ("iss", url),
    ]);
    let logged_in = stage.party.finish(&back, &login.state).await.unwrap();
    assert_eq!(logged_in.identity.sub, "10769150350006150715113082367");
    assert_eq!(logged_in.identity.text("email"), Some("jsmith@example.com"));
    assert_eq!(logged_in.identity.text("hd"), Some("example.com"));
    assert!(logged_in.tokens.refresh_token.is_some());
}

async fn github() -> Stage {
    // The layout that GitHub documents for an Enterprise Server: its API under /api/v3.
    let stage = Stage::set(|url| ClientConfig {
        issuer: url.to_owned(),
        ..ClientConfig::github("Iv1.8a61f9b3a7aba766", CALLBACK)
    })
    .await;
    let granted = json!({"access_token": "gho_16C7e42F292c6912E7710c838347Ae178B4a", "scope": "read:user,user:email",
        "token_type": "bearer"});
    stage.grants("/login/oauth/access_token", &granted);
    let user = json!({"login": "octocat", "id": 1, "node_id": "MDQ6VXNlcjE=",
        "avatar_url": "https://github.com/images/error/octocat_happy.gif", "html_url": "https://github.com/octocat",
        "type": "User", "site_admin": false, "name": "monalisa octocat", "email": null, "two_factor_authentication": true});
    stage.grants("/api/v3/user", &user);
    let emails = json!([
        {"email": "old@github.com", "verified": true, "primary": false, "visibility": null},
        {"email": "octocat@github.com", "verified": true, "primary": true, "visibility": "public"}
    ]);
    stage.grants("/api/v3/user/emails", &emails);
    stage
}

/// A mock of the documented responses, not the service.
#[tokio::test]
async fn github_has_no_id_token_and_still_tells_who_it_is() {
    let stage = github().await;
    let login = stage.begin().await;
    assert!(
        login
            .authorization_url
            .starts_with(&format!("{}/login/oauth/authorize?", stage.provider.url))
    );
    let asked = query(&login.authorization_url);
    assert_eq!(asked["scope"], "read:user user:email");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert!(!asked.contains_key("nonce"));
    let logged_in = stage.finish(&login).await.unwrap();
    let identity = &logged_in.identity;
    assert_eq!(
        (identity.iss.as_str(), identity.sub.as_str()),
        (format!("{}/login/oauth", stage.provider.url).as_str(), "1")
    );
    assert_eq!(identity.text("preferred_username"), Some("octocat"));
    assert_eq!(identity.text("email"), Some("octocat@github.com"));
    assert_eq!(identity.other["email_verified"], true);
    let redeemed = stage.provider.asked("/login/oauth/access_token").remove(0);
    assert_eq!(redeemed.headers["accept"], "application/json");
    assert_eq!(redeemed.form["client_secret"], "secret");
    assert_eq!(redeemed.form["code_verifier"].len(), 43);
    let user = stage.provider.asked("/api/v3/user").remove(0);
    assert_eq!(user.headers["accept"], "application/vnd.github+json");
    assert!(user.headers["user-agent"].starts_with("cardea/"));
    assert!(user.headers["authorization"].starts_with("Bearer gho_"));
}

/// A mock of what GitHub is seen to send since April 2026, not the service.
#[tokio::test]
async fn github_names_itself_in_its_answers() {
    let stage = github().await;
    let login = stage.begin().await;
    let own = format!("{}/login/oauth", stage.provider.url);
    let back = |iss: &str| callback(&[("code", "c"), ("state", login.state.state()), ("iss", iss)]);
    let foreign = back("https://accounts.google.com");
    let refused = stage.party.finish(&foreign, &login.state).await;
    assert!(matches!(refused, Err(RpError::Mismatch(_))), "{refused:?}");
    assert!(stage.party.finish(&back(&own), &login.state).await.is_ok());
}

/// A mock of the documented responses, not the service.
#[tokio::test]
async fn github_refuses_with_status_200() {
    let stage = github().await;
    let login = stage.begin().await;
    let refusal = json!({"error": "bad_verification_code",
        "error_description": "The code passed is incorrect or expired.",
        "error_uri": "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/"});
    stage.grants("/login/oauth/access_token", &refusal);
    assert_eq!(stage.finish(&login).await.err(), Some(RpError::CodeRefused));
    let dead = json!({"error": "bad_refresh_token", "error_description": "The refresh token passed is incorrect or expired."});
    stage.grants("/login/oauth/access_token", &dead);
    let known = serde_json::from_value(json!({"iss": "x", "sub": "1"})).unwrap();
    let refreshed = stage
        .party
        .refresh(&Secret::new("ghr_1".to_owned()), &known)
        .await;
    assert_eq!(refreshed.err(), Some(RefreshError::Dead));
}

/// A mock of the documented responses, not the service.
#[tokio::test]
async fn github_without_the_email_scope_is_not_asked_for_addresses() {
    let stage = github().await;
    let granted = json!({"access_token": "gho_1", "scope": "read:user", "token_type": "bearer"});
    stage.grants("/login/oauth/access_token", &granted);
    let login = stage.begin().await;
    let logged_in = stage.finish(&login).await.unwrap();
    assert_eq!(logged_in.identity.text("email"), None);
    assert_eq!(stage.provider.asked("/api/v3/user/emails").len(), 0);
}

#[tokio::test]
async fn c6_addresses_that_github_does_not_hand_out_are_left_out() {
    let stage = github().await;
    let granted = json!({"access_token": "ghu_1", "scope": "", "token_type": "bearer"});
    stage.grants("/login/oauth/access_token", &granted);
    let own = json!([7, {"email": "octocat@github.com", "primary": true}]);
    for (status, body, email) in [
        (403, json!({"message": "Resource not accessible"}), None),
        (404, json!({"message": "Not Found"}), None),
        (200, json!({}), None),
        (200, own, Some("octocat@github.com")),
    ] {
        let answer = Scripted::new(status, "application/json", body.to_string());
        stage.provider.says("/api/v3/user/emails", answer);
        let login = stage.begin().await;
        let identity = stage.finish(&login).await.unwrap().identity;
        assert_eq!(identity.text("email"), email, "{body}");
        assert_ne!(identity.other.get("email_verified"), Some(&json!(true)));
    }
}
