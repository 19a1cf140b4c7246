//! Client authentication (RFC 6749 §2.3, §3.2.1, D15): exactly the registered method.
//! An unknown client and a wrong secret get the same response.

use std::sync::Arc;

use cardea_seal::{Digest, Secret};

use super::refresh_token::Sender;
use crate::{
    error::OAuthError,
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

/// A confidential client presents its secret, in the header or in the body.
pub fn by_secret(
    client: Option<&Arc<Client>>,
    method: AuthMethod,
    secret: &Secret<String>,
) -> Result<AuthenticatedClient, OAuthError> {
    // The same work for an unknown client.
    let matches = match client {
        Some(client) => client.secret_is(secret.expose()),
        None => {
            let _ = std::hint::black_box(Digest::of(secret.expose().as_bytes()));
            false
        }
    };
    if client.is_some() && !matches {
        return Err(OAuthError::invalid_client("wrong secret"));
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

fn admit(
    client: Option<&Arc<Client>>,
    method: AuthMethod,
) -> Result<AuthenticatedClient, OAuthError> {
    let Some(client) = client else {
        return Err(OAuthError::invalid_client("unknown client"));
    };
    let registered = client.metadata().token_endpoint_auth_method;
    // RFC 7591 §2: the registered method and no other, or a downgrade would be open.
    if registered != method {
        return Err(OAuthError::invalid_client(format!(
            "authenticated by {}, registered for {}",
            method.as_str(),
            registered.as_str()
        )));
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
            by_secret(None, method, &secret(SECRET)),
            by_secret(Some(&basic), method, &secret("wrong")),
            by_secret(Some(&basic), AuthMethod::ClientSecretPost, &secret(SECRET)),
            by_secret(Some(&disabled), method, &secret(SECRET)),
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
