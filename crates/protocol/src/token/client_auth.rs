//! Client authentication (RFC 6749 §2.3, §3.2.1, D15). A secret may come in the header or in the body; a client
//! registered for `private_key_jwt` may use nothing else.
//! An unknown client and a wrong secret get the same response.

use std::sync::Arc;

use cardea_seal::{Digest, Secret};

use super::refresh_token::Sender;
use crate::{
    error::OAuthError,
    explain::{Check, Trail, Values},
    model::{AuthMethod, Client},
    verify::VerifiedAssertion,
};

/// A client authenticated by its registered method. Only this module makes one.
#[derive(Clone)]
pub struct AuthenticatedClient(Arc<Client>);

impl AuthenticatedClient {
    /// The client.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.0
    }

    /// How it was authenticated, for the rotation table of D11.
    #[must_use]
    pub fn sender(&self) -> Sender {
        if self.0.is_public() {
            Sender::Public
        } else {
            Sender::Proved
        }
    }
}

/// A public client identifies itself.
pub fn by_name(client: Option<&Arc<Client>>) -> Result<AuthenticatedClient, OAuthError> {
    admit(client, AuthMethod::None)
}

/// A confidential client presents its secret, in the header or in the body. `undecoded` is the secret as the header has
/// it, where form-url-decoding has changed it.
pub fn by_secret(
    client: Option<&Arc<Client>>,
    method: AuthMethod,
    secret: &Secret<String>,
    undecoded: Option<&Secret<String>>,
) -> Result<AuthenticatedClient, OAuthError> {
    // The same work for an unknown client.
    let matches = match client {
        Some(client) => client.secret_is(secret.expose()),
        None => {
            let _ = std::hint::black_box(Digest::of(secret.expose().as_bytes()));
            false
        }
    };
    if let Some(client) = client
        && !matches
    {
        // RFC 6749 §2.3.1: the secret must be form-url-encoded. It is not accepted raw, but the operator learns why.
        let raw = undecoded.is_some_and(|raw| client.secret_is(raw.expose()));
        return Err(OAuthError::invalid_client(if raw {
            "wrong secret: the client sends it in Basic without form-url-encoding, so + and % are read as something else"
        } else {
            "wrong secret"
        }));
    }
    admit(client, method)
}

/// A confidential client presents a signed assertion.
pub fn by_assertion(
    client: &Arc<Client>,
    proof: &VerifiedAssertion,
) -> Result<AuthenticatedClient, OAuthError> {
    if proof.client_id() != client.id() {
        return Err(OAuthError::invalid_client(
            "the assertion belongs to another client",
        ));
    }
    admit(Some(client), AuthMethod::PrivateKeyJwt)
}

const METHOD: Check = Check {
    name: "token_endpoint_auth_method",
    section: "RFC 6749 §2.3",
};

fn admit(
    client: Option<&Arc<Client>>,
    method: AuthMethod,
) -> Result<AuthenticatedClient, OAuthError> {
    let Some(client) = client else {
        return Err(OAuthError::invalid_client("unknown client"));
    };
    let registered = client.metadata().token_endpoint_auth_method;
    // RFC 6749 §2.3.1: a server MUST support Basic for clients with a secret; many libraries choose by themselves. A secret
    // is never accepted in place of a key, or a downgrade would be open.
    if registered != method && !(registered.is_secret() && method.is_secret()) {
        let error = OAuthError::invalid_client(format!(
            "authenticated by {}, registered for {}",
            method.as_str(),
            registered.as_str()
        ));
        let values = Values::of(Some(method.as_str()), registered.as_str());
        return Err(Trail::default().failed(METHOD, values, error));
    }
    if !client.is_enabled() {
        return Err(OAuthError::invalid_client("the client is disabled"));
    }
    Ok(AuthenticatedClient(Arc::clone(client)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::ErrorCode,
        model::{ClientMetadata, ClientStatus, Owner},
    };

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn client(method: AuthMethod, status: ClientStatus) -> Arc<Client> {
        let secret = (method != AuthMethod::None).then(|| Digest::of(SECRET.as_bytes()));
        let metadata = ClientMetadata {
            client_id: "c".to_owned(),
            token_endpoint_auth_method: method,
            redirect_uris: vec!["https://c.example/cb".to_owned()],
            ..Default::default()
        };
        Arc::new(
            Client::restore(
                metadata,
                secret,
                status,
                Owner::Store,
                jiff::Timestamp::UNIX_EPOCH,
            )
            .unwrap(),
        )
    }

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn the_registered_method_with_the_right_secret_is_admitted() {
        let client = client(AuthMethod::ClientSecretBasic, ClientStatus::Enabled);
        let admitted = by_secret(
            Some(&client),
            AuthMethod::ClientSecretBasic,
            &secret(SECRET),
            None,
        )
        .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(admitted.sender(), Sender::Proved);
    }

    #[test]
    fn unknown_client_wrong_secret_wrong_method_and_disabled_look_the_same() {
        let basic = client(AuthMethod::ClientSecretBasic, ClientStatus::Enabled);
        let disabled = client(AuthMethod::ClientSecretBasic, ClientStatus::Disabled);
        let method = AuthMethod::ClientSecretBasic;
        let answers = [
            by_secret(None, method, &secret(SECRET), None),
            by_secret(Some(&basic), method, &secret("wrong"), None),
            by_secret(Some(&disabled), method, &secret(SECRET), None),
            by_name(Some(&basic)),
            by_name(None),
        ];
        for answer in answers {
            let error = answer.err().unwrap();
            assert_eq!(
                (error.code(), error.description()),
                (ErrorCode::InvalidClient, "client authentication failed")
            );
        }
    }

    #[test]
    fn c2_a_client_with_a_secret_may_use_the_header_or_the_body() {
        use AuthMethod::{ClientSecretBasic, ClientSecretPost, None as Public, PrivateKeyJwt};
        for registered in [ClientSecretBasic, ClientSecretPost] {
            let client = client(registered, ClientStatus::Enabled);
            for method in [ClientSecretBasic, ClientSecretPost] {
                assert!(by_secret(Some(&client), method, &secret(SECRET), None).is_ok());
                assert!(by_secret(Some(&client), method, &secret("wrong"), None).is_err());
                assert!(by_secret(Some(&client), method, &secret(""), None).is_err());
            }
            assert!(by_name(Some(&client)).is_err());
            assert!(admit(Some(&client), PrivateKeyJwt).is_err());
        }
        let public = client(Public, ClientStatus::Enabled);
        for method in [ClientSecretBasic, ClientSecretPost] {
            assert!(by_secret(Some(&public), method, &secret(SECRET), None).is_err());
            assert!(admit(Some(&public), method).is_err());
        }
    }

    #[test]
    fn c8_a_secret_sent_raw_in_basic_is_refused_with_the_reason_in_the_log() {
        let odd = format!("{SECRET}+%41 ");
        let metadata = ClientMetadata {
            client_id: "c".to_owned(),
            redirect_uris: vec!["https://c.example/cb".to_owned()],
            client_secret: Some(secret(&odd)),
            ..Default::default()
        };
        let now = jiff::Timestamp::UNIX_EPOCH;
        let client = Arc::new(Client::register(metadata, Owner::Store, now).unwrap());
        let decoded = secret(&format!("{SECRET} A "));
        let basic = AuthMethod::ClientSecretBasic;
        let error = by_secret(Some(&client), basic, &decoded, Some(&secret(&odd))).err();
        let error = error.unwrap();
        assert!(error.cause().unwrap().contains("form-url-encoding"));
        assert_eq!(error.description(), "client authentication failed");
        let wrong = by_secret(Some(&client), basic, &decoded, Some(&secret("x+")));
        assert_eq!(wrong.err().unwrap().cause(), Some("wrong secret"));
    }

    #[test]
    fn a_public_client_is_admitted_by_its_name_and_known_only_by_that() {
        let client = client(AuthMethod::None, ClientStatus::Enabled);
        let admitted = by_name(Some(&client)).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(
            (admitted.sender(), admitted.client().id().as_str()),
            (Sender::Public, "c")
        );
    }

    #[test]
    fn an_assertion_admits_the_client_that_signed_it_and_no_other() {
        use crate::verify::{AssertionPolicy, client_assertion};
        let now = jiff::Timestamp::UNIX_EPOCH;
        let key = cardea_jose::SigningKey::generate(cardea_jose::Algorithm::ES256).unwrap();
        let signer = |id: &str| {
            let metadata = ClientMetadata {
                client_id: id.to_owned(),
                token_endpoint_auth_method: AuthMethod::PrivateKeyJwt,
                redirect_uris: vec!["https://c.example/cb".to_owned()],
                jwks: Some(serde_json::json!({"keys": [key.public_jwk()]})),
                ..Default::default()
            };
            Arc::new(Client::register(metadata, Owner::Store, now).unwrap())
        };
        let (one, other) = (signer("one"), signer("other"));
        let claims = r#"{"iss":"one","sub":"one","aud":"https://id.example","exp":60,"jti":"j"}"#;
        let jwt = key.sign("JWT", claims.as_bytes()).unwrap();
        let policy = AssertionPolicy {
            issuer: "https://id.example",
            token_endpoint: "",
        };
        let proof = client_assertion(&jwt, &one, one.keys().unwrap(), policy, now).unwrap();
        assert_eq!(
            by_assertion(&one, &proof)
                .unwrap_or_else(|e| panic!("{e}"))
                .sender(),
            Sender::Proved
        );
        assert_eq!(
            by_assertion(&other, &proof).err().unwrap().code(),
            ErrorCode::InvalidClient
        );
    }
}
