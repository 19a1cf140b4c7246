//! Which scopes exist beside those of the APIs, and which claims each of them gives.

use std::iter;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::user_claims::{is_claim_name, reserved};
use crate::{
    model::MetadataError,
    scope::{OFFLINE_ACCESS, OPENID, ORGANIZATION, PERMISSIONS, ROLES, STANDARD, Scope},
};

const MAX_SCOPES: usize = 128;
const MAX_CLAIMS_OF_A_SCOPE: usize = 64;
const MAX_TITLE_BYTES: usize = 128;
const MAX_DESCRIPTION_BYTES: usize = 512;

/// The scope of the groups that a user is in.
pub const GROUPS: &str = "groups";

const PROFILE: &[&str] = &[
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
];

/// The claims by scope, OpenID Core §5.4. Roles and groups are no standard ones.
const BY_SCOPE: &[(&str, &[&str])] = &[
    ("profile", PROFILE),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
    (ROLES, &["roles"]),
    (GROUPS, &["groups"]),
    (PERMISSIONS, &["permissions"]),
    (ORGANIZATION, &["org_id", "org_name"]),
];

/// The standard scope that a claim belongs to; the claim needs that scope.
#[must_use]
pub fn scope_of(claim: &str) -> Option<&'static str> {
    BY_SCOPE
        .iter()
        .find(|(_, claims)| claims.contains(&claim))
        .map(|(scope, _)| *scope)
}

/// All claims that Cardea knows without a configuration, for the metadata.
pub fn supported_claims<'a>() -> impl Iterator<Item = &'a str> {
    let of_scopes = BY_SCOPE.iter().flat_map(|(_, claims)| *claims);
    let of_the_login = &["auth_time", "acr", "amr", "sid"];
    let all = iter::once(&"sub").chain(of_scopes).chain(of_the_login);
    all.map(|claim| -> &'a str { claim })
}

fn standard_claims(scope: &str) -> &'static [&'static str] {
    BY_SCOPE
        .iter()
        .find(|(name, _)| *name == scope)
        .map_or(&[], |(_, claims)| *claims)
}

/// A scope as the configuration has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScopeConfig {
    /// The scope. One of an API gets its title and description here; a standard one such as `profile` may get more claims.
    pub name: String,
    /// What the consent page calls it.
    pub title: Option<String>,
    /// What the consent page says of it.
    pub description: Option<String>,
    /// The claims of the user that it gives at userinfo: those under `claims` of the user, or standard ones.
    pub claims: Vec<String>,
}

/// The scopes of the configuration.
#[derive(Debug, Clone, Default)]
pub struct Catalog(Vec<ScopeConfig>);

impl Catalog {
    /// Accepts the configured scopes.
    pub fn new(configured: &[ScopeConfig]) -> Result<Self, MetadataError> {
        let indexes = 0..configured.len();
        match indexes.flat_map(|i| Self::problems(configured, i)).next() {
            Some(problem) => Err(problem),
            None => Ok(Self(configured.to_vec())),
        }
    }

    /// Everything that is wrong with one of the configured scopes.
    pub(crate) fn problems(configured: &[ScopeConfig], index: usize) -> Vec<MetadataError> {
        let mut problems = Vec::new();
        let mut fail = |field, problem: String| problems.push(MetadataError { field, problem });
        let Some(scope) = configured.get(index) else {
            return problems;
        };
        if index == MAX_SCOPES {
            fail("name", format!("more than {MAX_SCOPES}"));
        }
        let name = &scope.name;
        // RFC 6749 §3.3: one scope token.
        let one = Scope::parse(name).is_ok_and(|s| s.iter().count() == 1 && s.contains(name));
        let mut earlier = configured.iter().take(index);
        if !one {
            fail("name", "not the name of one scope".to_owned());
        } else if earlier.any(|other| other.name == *name) {
            fail("name", "it is defined twice".to_owned());
        }
        if is_bad(scope.title.as_deref(), MAX_TITLE_BYTES) {
            fail("title", bad_text(MAX_TITLE_BYTES));
        }
        if is_bad(scope.description.as_deref(), MAX_DESCRIPTION_BYTES) {
            fail("description", bad_text(MAX_DESCRIPTION_BYTES));
        }
        let fixed = [OPENID, OFFLINE_ACCESS].contains(&name.as_str());
        if fixed && !scope.claims.is_empty() {
            fail("claims", "this scope gives no claims".to_owned());
        }
        for problem in claim_problems(&scope.claims) {
            fail("claims", problem);
        }
        problems
    }

    /// Whether the configuration defines the scope.
    #[must_use]
    pub fn defines(&self, scope: &str) -> bool {
        self.find(scope).is_some()
    }

    /// What the configuration says of a scope.
    #[must_use]
    pub fn find(&self, scope: &str) -> Option<&ScopeConfig> {
        self.0.iter().find(|s| s.name == scope)
    }

    /// The names of the scopes that the configuration defines.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|s| s.name.as_str())
    }

    /// The claims that a scope gives.
    pub fn claims_of<'a>(&'a self, scope: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.find(scope).into_iter().flat_map(|s| &s.claims);
        standard_claims(scope)
            .iter()
            .copied()
            .chain(own.map(String::as_str))
    }

    /// Whether one of the scopes gives the claim.
    #[must_use]
    pub fn gives(&self, scope: &Scope, claim: &str) -> bool {
        scope
            .iter()
            .any(|s| self.claims_of(s).any(|given| given == claim))
    }

    /// The scopes that give a claim.
    pub fn givers<'a>(&'a self, claim: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.scopes().filter(|s| !STANDARD.contains(s));
        STANDARD
            .into_iter()
            .chain(own)
            .filter(move |scope| self.claims_of(scope).any(|given| given == claim))
    }

    /// The claims of the configured scopes that no standard scope gives, each once.
    #[must_use]
    pub fn own_claims(&self) -> Vec<&str> {
        let mut claims: Vec<&str> = self
            .0
            .iter()
            .flat_map(|s| s.claims.iter().map(String::as_str))
            .filter(|claim| scope_of(claim).is_none())
            .collect();
        claims.sort_unstable();
        claims.dedup();
        claims
    }
}

fn is_bad(text: Option<&str>, max: usize) -> bool {
    text.is_some_and(|t| t.is_empty() || t.len() > max || t.chars().any(char::is_control))
}

fn bad_text(max: usize) -> String {
    format!("it is empty, longer than {max} bytes, or has control characters")
}

/// Why names can't be those of claims that a scope, a resource or a client lists.
#[must_use]
pub fn bad_claims(claims: &[String]) -> Option<String> {
    claim_problems(claims).into_iter().next()
}

/// The same for each of the names.
#[must_use]
pub fn claim_problems(claims: &[String]) -> Vec<String> {
    if claims.len() > MAX_CLAIMS_OF_A_SCOPE {
        return vec![format!("more than {MAX_CLAIMS_OF_A_SCOPE} claims")];
    }
    let problem = |(i, claim): (usize, &String)| {
        if !is_claim_name(claim) {
            return Some(format!(
                "\"{claim}\" is not the name of a claim: 1 to 128 printable ASCII characters without spaces, quotes and backslashes"
            ));
        }
        if reserved(claim) {
            return Some(format!(
                "the claim {claim} is reserved; the protocol sets it"
            ));
        }
        let mut earlier = claims.iter().take(i);
        earlier
            .any(|other| other == claim)
            .then(|| format!("the claim {claim} is listed twice"))
    };
    claims.iter().enumerate().filter_map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(name: &str, claims: &[&str]) -> ScopeConfig {
        ScopeConfig {
            name: name.to_owned(),
            claims: claims.iter().map(|c| (*c).to_owned()).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn c3_a_scope_of_the_configuration_gives_its_claims() {
        let all = [
            scope("hr", &["department", "quota"]),
            scope("profile", &["department"]),
        ];
        let catalog = Catalog::new(&all).unwrap();
        assert!(catalog.claims_of("hr").eq(["department", "quota"]));
        assert!(catalog.claims_of("profile").any(|c| c == "name"));
        assert!(catalog.givers("department").eq(["profile", "hr"]));
        assert!(catalog.givers("groups").eq(["groups"]));
        assert_eq!(catalog.own_claims(), ["department", "quota"]);
        let granted = Scope::parse("openid hr").unwrap();
        assert!(catalog.gives(&granted, "quota") && !catalog.gives(&granted, "email"));
    }

    #[test]
    fn c3_reserved_names_are_refused_wherever_claims_are_listed() {
        for name in [
            "sub",
            "iss",
            "aud",
            "exp",
            "iat",
            "nbf",
            "jti",
            "nonce",
            "acr",
            "amr",
            "azp",
            "sid",
            "auth_time",
            "at_hash",
            "c_hash",
            "scope",
            "client_id",
            "cnf",
            "act",
            "events",
            "grant_id",
            "active",
            "token_use",
            "SUB",
        ] {
            let refused = Catalog::new(&[scope("hr", &[name])]).unwrap_err();
            assert!(refused.problem.contains("reserved"), "{name}: {refused}");
        }
        for bad in ["", "a b", "a\"b", "é", "a\\b", &"x".repeat(129)] {
            assert!(Catalog::new(&[scope("hr", &[bad])]).is_err(), "{bad}");
        }
        for good in [
            "department",
            "https://example.com/claims/quota",
            "urn:x:y",
            "email",
        ] {
            assert!(Catalog::new(&[scope("hr", &[good])]).is_ok(), "{good}");
        }
    }

    #[test]
    fn c3_a_malformed_scope_is_refused() {
        for bad in [
            vec![scope("", &[])],
            vec![scope("a b", &[])],
            vec![scope("\"", &[])],
            vec![scope("openid", &["department"])],
            vec![scope("offline_access", &["department"])],
            vec![scope("hr", &[]), scope("hr", &[])],
            vec![scope("hr", &["a", "a"])],
            vec![ScopeConfig {
                title: Some("a\nb".to_owned()),
                ..scope("hr", &[])
            }],
            vec![ScopeConfig {
                description: Some("x".repeat(513)),
                ..scope("hr", &[])
            }],
        ] {
            assert!(Catalog::new(&bad).is_err(), "{bad:?}");
        }
    }
}
