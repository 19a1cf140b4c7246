use cardea_jose::{KeySet, peek};
use cardea_web::config::SecretText;
use serde_json::Value;

use super::*;

const ID: &str = "app:1";
const SECRET: &str = "a secret: with % and +";

fn with_secret(method: Option<AuthMethod>) -> AuthenticationConfig {
    AuthenticationConfig {
        method,
        client_secret: Some(SecretText::new(SECRET.to_owned())),
        ..AuthenticationConfig::default()
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn applied(authentication: &Authentication) -> (Vec<(String, String)>, Option<String>) {
    let mut form = Serializer::new(String::new());
    let to = Addressee {
        client_id: ID,
        audience: "https://id.example",
        now: now(),
    };
    let header = authentication
        .apply(&mut form, &to, &Entropy::seeded(1))
        .unwrap();
    let pairs = form_urlencoded::parse(form.finish().as_bytes())
        .into_owned()
        .collect();
    (pairs, header.map(|one| one.expose().clone()))
}

fn read(config: &AuthenticationConfig) -> Result<Authentication, ClientConfigError> {
    Authentication::read(config, Provider::Openid)
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn a_public_client_only_says_its_name() {
    let (form, header) = applied(&read(&AuthenticationConfig::default()).unwrap());
    assert_eq!((form, header), (vec![pair("client_id", ID)], None));
}

#[test]
fn basic_encodes_both_halves_before_it_joins_them() {
    let (form, header) = applied(&read(&with_secret(None)).unwrap());
    assert_eq!(form, []);
    let encoded = header.unwrap();
    let text = STANDARD
        .decode(encoded.strip_prefix("Basic ").unwrap())
        .unwrap();
    assert_eq!(
        String::from_utf8(text).unwrap(),
        "app%3A1:a+secret%3A+with+%25+and+%2B"
    );
}

#[test]
fn post_puts_the_secret_into_the_form() {
    let post = with_secret(Some(AuthMethod::ClientSecretPost));
    let expected = vec![pair("client_secret", SECRET), pair("client_id", ID)];
    assert_eq!(applied(&read(&post).unwrap()), (expected.clone(), None));
    // GitHub documents this one.
    let github = Authentication::read(&with_secret(None), Provider::Github).unwrap();
    assert_eq!(applied(&github), (expected, None));
}

/// A folder with files of the tests, gone with it.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn pem(&self, label: &str, der: &[u8]) -> String {
        let text = STANDARD.encode(der);
        let path = self.0.path().join(format!("{label}.pem"));
        fs::write(
            &path,
            format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n"),
        )
        .unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn assertion(config: &AuthenticationConfig) -> String {
    let (form, header) = applied(&read(config).unwrap());
    assert_eq!(header, None);
    assert_eq!(form[0], pair("client_assertion_type", JWT_BEARER));
    assert_eq!(form[2], pair("client_id", ID));
    form[1].1.clone()
}

#[test]
fn an_assertion_is_signed_by_the_key_and_addressed_to_the_issuer_alone() {
    let files = Files::new();
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let config = AuthenticationConfig {
        private_key_file: Some(files.pem("PRIVATE KEY", key.to_pkcs8().expose())),
        ..AuthenticationConfig::default()
    };
    let jwt = assertion(&config);
    let keys = KeySet::from_keys([key.public_jwk().clone()]).unwrap();
    let expected = cardea_jose::Expected {
        algorithms: &[Algorithm::ES256],
        typ: &["JWT"],
    };
    let verified = keys.verify(&jwt, &expected).unwrap();
    let claims: Value = serde_json::from_slice(&verified.payload).unwrap();
    let at = now().as_second();
    assert_eq!((&claims["iss"], &claims["sub"]), (&json!(ID), &json!(ID)));
    assert_eq!(claims["aud"], "https://id.example");
    assert_eq!(
        (&claims["iat"], &claims["exp"]),
        (&json!(at), &json!(at + 60))
    );
    assert!(claims["jti"].as_str().unwrap().len() > 20);
}

#[test]
fn with_a_certificate_the_header_names_it_and_an_rsa_key_signs_with_pss() {
    let files = Files::new();
    let key = SigningKey::generate(Algorithm::RS256).unwrap();
    let certificate = b"the DER of a certificate";
    let config = AuthenticationConfig {
        private_key_file: Some(files.pem("PRIVATE KEY", key.to_pkcs8().expose())),
        certificate_file: Some(files.pem("CERTIFICATE", certificate)),
        ..AuthenticationConfig::default()
    };
    let jwt = assertion(&config);
    let unverified = peek(&jwt).unwrap();
    assert_eq!(
        (unverified.header.alg, unverified.header.kid),
        (Algorithm::PS256, None)
    );
    let header = cardea_seal::Digest::of(certificate).to_text();
    let encoded = jwt.split('.').next().unwrap();
    let decoded = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(encoded)
        .unwrap();
    let json: Value = serde_json::from_slice(&decoded).unwrap();
    assert_eq!(json["x5t#S256"], header);
}

#[test]
fn what_does_not_go_together_is_refused_at_start() {
    let files = Files::new();
    let ed = SigningKey::generate(Algorithm::EdDSA).unwrap();
    let key_file = || Some(files.pem("PRIVATE KEY", ed.to_pkcs8().expose()));
    let mut twice = with_secret(None);
    twice.client_secret_file = Some("x".to_owned());
    let mut both = with_secret(None);
    both.private_key_file = key_file();
    let method = |method| AuthenticationConfig {
        method: Some(method),
        ..AuthenticationConfig::default()
    };
    let other_algorithm = AuthenticationConfig {
        private_key_file: key_file(),
        algorithm: Some(Algorithm::RS256),
        ..AuthenticationConfig::default()
    };
    let no_file = AuthenticationConfig {
        private_key_file: Some("/none".to_owned()),
        ..AuthenticationConfig::default()
    };
    let empty = AuthenticationConfig {
        client_secret: Some(SecretText::new(String::new())),
        ..AuthenticationConfig::default()
    };
    for wrong in [
        twice,
        both,
        method(AuthMethod::ClientSecretBasic),
        method(AuthMethod::PrivateKeyJwt),
        with_secret(Some(AuthMethod::None)),
        with_secret(Some(AuthMethod::PrivateKeyJwt)),
        other_algorithm,
        no_file,
        empty,
    ] {
        let error = read(&wrong).err().unwrap();
        assert_eq!(error.key, "authentication");
        assert!(!error.to_string().contains(SECRET), "{error}");
    }
}
