use cardea_server::config::SeedUser;
use cardea_web::config::SecretText;
use serde_json::json;

/// Somebody who can log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub username: &'static str,
    /// The password.
    pub password: &'static str,
    hash: &'static str,
}

impl Person {
    /// A user with every claim.
    pub const ALICE: Self = Self {
        username: "alice",
        password: "a-rabbit-hole-deep-7",
        hash: "$argon2id$v=19$m=19456,t=2,p=1$yniNZ5iow3Y+X3wBQXefGQ$wzn5eI0IVEqww1mcbxnxcVE62iGjQIa3t1ueBatbDJI",
    };
    /// A user and administrator.
    pub const BOB: Self = Self {
        username: "bob",
        password: "a-lamp-for-the-lodger-9",
        hash: "$argon2id$v=19$m=19456,t=2,p=1$4/VyQ+DH0GmV9gWhNJuVrg$ghxJwxBvLVmj0QQFUZIKhG7zBz3ugX8zNxTP6F/LeZw",
    };
    /// Somebody who is disabled.
    pub const CAROL: Self = Self {
        username: "carol",
        password: "christmas-in-stave-1",
        hash: "$argon2id$v=19$m=19456,t=2,p=1$J9mbPtlBN2GN594xv27tfQ$iZDt3V+sVnPaaAakKP+iMWpcQTiYgZkq9D0kvDx7rqg",
    };

    /// Their seed; the hash stands here because making one takes longer than most tests.
    pub(crate) fn seed(self) -> SeedUser {
        let roles: &[&str] = match self.username {
            "bob" => &["user", "admin"],
            _ => &["user"],
        };
        let claims = match self.username {
            "alice" => json!({
                "name": "Alice A", "given_name": "Alice", "family_name": "A", "locale": "en",
                "zoneinfo": "Europe/Amsterdam", "phone_number": "+1 555 0100", "phone_number_verified": true,
                "address": { "country": "NL" },
            }),
            _ => json!({ "name": format!("{} of the tests", self.username) }),
        };
        SeedUser {
            username: self.username.to_owned(),
            email: Some(format!("{}@example.test", self.username)),
            email_verified: true,
            password: None,
            password_hash: Some(SecretText::new(self.hash.to_owned())),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            claims: serde_json::from_value(claims).unwrap(),
            organizations: Default::default(),
        }
    }
}
