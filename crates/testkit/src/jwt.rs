//! JWTs as a client reads and makes them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cardea_seal::Entropy;
use cardea_web::clock::Clock;
use serde_json::{Value, json};

use crate::{TestClock, clients::SIGNED_KEY};

/// RFC 7523 §2.2
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The header of a JWT, unverified.
#[must_use]
pub fn header(jwt: &str) -> Value {
    part(jwt, 0)
}

/// The claims of a JWT, unverified.
#[must_use]
pub fn claims(jwt: &str) -> Value {
    part(jwt, 1)
}

fn part(jwt: &str, index: usize) -> Value {
    let text = jwt.split('.').nth(index).expect("a JWT");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).expect("base64url")).expect("JSON")
}

/// The claims of a new assertion at the time at which every clock begins.
#[must_use]
pub fn assertion_claims(client: &str, audience: &str) -> Value {
    let now = TestClock::new().now().as_second();
    json!({
        "iss": client, "sub": client, "aud": audience, "exp": now + 60, "iat": now,
        "jti": Entropy::system().text(16),
    })
}

/// Signs claims with the key of the client `signed`.
#[must_use]
pub fn signed(claims: &Value) -> String {
    SIGNED_KEY
        .sign("JWT", claims.to_string().as_bytes())
        .expect("a signature")
}

/// A new assertion.
#[must_use]
pub fn assertion(client: &str, audience: &str) -> String {
    signed(&assertion_claims(client, audience))
}
