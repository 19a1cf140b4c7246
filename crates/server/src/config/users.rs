//! The first users (D19).

use std::collections::BTreeMap;

use cardea_protocol::{
    claims::user_claim_problems,
    model::{MetadataError, OrganizationId, Username},
    roles::check_role_names,
};
use cardea_web::config::SecretText;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    demo_secrets::{is_demo_hash, is_demo_secret},
    problem::ConfigProblem,
};
use crate::{admin::check_user, passwords};

/// A user who is added once. Later changes here change nothing.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SeedUser {
    /// The name to log in with.
    pub username: String,
    /// The claim `email`.
    pub email: Option<String>,
    /// The claim `email_verified`.
    pub email_verified: bool,
    /// The password in clear, 8 to 128 characters. Take it out of the file after the first start, or give a hash.
    #[schemars(with = "Option<SecretText>")]
    pub password: Option<SecretText>,
    /// The hash of the password, instead of it: argon2id (`$argon2id$…`), or another that `cardea user import` takes. The first login
    /// makes it argon2id.
    #[schemars(with = "Option<SecretText>")]
    pub password_hash: Option<SecretText>,
    /// Roles, as tokens carry them.
    pub roles: Vec<String>,
    /// The organizations that the user is a member of, each with the roles inside it: `{ acme = ["buyer"] }`.
    pub organizations: BTreeMap<String, Vec<String>>,
    /// Claims of OpenID Connect beside these: `{ name = "Alice A", address = { country = "NL" } }`.
    pub claims: BTreeMap<String, serde_json::Value>,
}

impl SeedUser {
    /// D23: whether its password is one of `cardea dev`.
    pub(crate) fn has_demo_password(&self) -> bool {
        self.password
            .as_ref()
            .is_some_and(|p| is_demo_secret(p.expose()))
    }

    /// D23: whether its hash is that of a password of `cardea dev`. It takes as long as two logins.
    pub(crate) fn has_demo_hash(&self) -> bool {
        self.password_hash
            .as_ref()
            .is_some_and(|hash| is_demo_hash(hash.expose()))
    }

    pub(crate) fn everybody_knows(&self) -> String {
        let name = &self.username;
        format!(
            "the password is one of cardea dev, which are public; set another here, and if {name} was added with it, set \
             another in the store too: cardea user password {name}"
        )
    }

    /// Everything that is wrong and costs nothing to find.
    pub(super) fn problems(&self) -> Vec<MetadataError> {
        let mut problems = Vec::new();
        let mut fail = |field, problem: String| problems.push(MetadataError { field, problem });
        if let Err(e) = Username::parse_new(&self.username) {
            fail("username", e.to_string());
        }
        if self.password.is_some() && self.password_hash.is_some() {
            fail(
                "password",
                "password and password_hash are both set; keep one".to_owned(),
            );
        }
        let hash = self.password_hash.as_ref();
        if let Some(Err(e)) = hash.map(|hash| passwords::accept_hash(hash.expose())) {
            fail("password_hash", e.to_string());
        }
        problems.extend(check_user(self.email.as_deref(), &self.roles));
        problems.extend(user_claim_problems(&self.claims));
        for (id, roles) in &self.organizations {
            let id = OrganizationId::parse(id).map_err(|e| e.to_string());
            let roles = check_role_names(roles).map_err(|e| e.problem);
            let found = [id.err(), roles.err()].into_iter().flatten();
            problems.extend(found.map(|problem| MetadataError {
                field: "organizations",
                problem,
            }));
        }
        problems
    }

    /// The name of a seed without problems.
    pub(crate) fn check(&self) -> Result<Username, ConfigProblem> {
        let problem =
            |what: String| ConfigProblem::new(format!("users \"{}\"", self.username), what);
        match self.problems().into_iter().next() {
            Some(e) => Err(problem(e.to_string())),
            None => Username::parse_new(&self.username).map_err(|e| problem(e.to_string())),
        }
    }

    /// Whether the password may be given to a new user. Not at each start: the dictionaries for it hold 5 MB.
    pub(crate) fn check_password(&self) -> Result<(), String> {
        let Some(password) = &self.password else {
            return Ok(());
        };
        let name = self.claims.get("name").and_then(serde_json::Value::as_str);
        let about = [Some(&*self.username), self.email.as_deref(), name];
        let about: Vec<&str> = about.into_iter().flatten().collect();
        passwords::judge(password.expose(), &about).map_err(|e| e.to_string())
    }
}
