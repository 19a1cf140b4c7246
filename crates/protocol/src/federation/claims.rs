//! The claims of an identity that become claims of an account: a small table, written by the operator.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    claims::{check_user_claim_bounds, check_user_claims, may_be_given},
    model::MetadataError,
};

const MAX_RULES: usize = 32;
const MAX_VALUES: usize = 256;
const MAX_PATH_BYTES: usize = 256;
const MAX_DEPTH: usize = 4;
const MAX_NAME_BYTES: usize = 128;
/// One claim, as JSON.
const MAX_VALUE_BYTES: usize = 2 * 1024;
/// How many elements of a list are looked at for roles and groups.
const MAX_ELEMENTS: usize = 1024;

/// OpenID Core §5.1: what is taken when there is no rule. User name, address and roles have rules of their own.
const USUAL: [&str; 10] = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "picture",
    "profile",
    "website",
    "zoneinfo",
    "locale",
];

/// What one claim of an upstream becomes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ClaimTarget {
    /// The claim of this name.
    Claim(String),
    /// Roles and groups, by its values.
    Values(ValueMapping),
}

/// Roles and groups by the values of a claim, which is a text or a list of texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ValueMapping {
    /// The role that each value stands for.
    pub roles: BTreeMap<String, String>,
    /// The group that each value stands for.
    pub groups: BTreeMap<String, String>,
}

/// The rules of one upstream, checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimMapping {
    rules: BTreeMap<String, ClaimTarget>,
}

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct MappingProblem {
    /// Which rule.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
}

/// What an identity changes about an account.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClaimUpdate {
    claims: BTreeMap<String, Value>,
    roles: Names,
    groups: Names,
}

/// Roles or groups: those that the rules know, and those that the identity has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Names {
    known: BTreeSet<String>,
    given: BTreeSet<String>,
}

impl Names {
    /// What the rules know is as the identity says; the rest was given here and stays.
    fn apply(&self, before: &[String]) -> Vec<String> {
        let kept = before.iter().filter(|name| {
            !self.known.contains(name.as_str()) || self.given.contains(name.as_str())
        });
        let mut names: Vec<String> = kept.cloned().collect();
        for name in &self.given {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    fn read(&mut self, mapping: &BTreeMap<String, String>, values: &[&str]) {
        self.known.extend(mapping.values().cloned());
        let given = values.iter().filter_map(|value| mapping.get(*value));
        self.given.extend(given.cloned());
    }
}

impl ClaimMapping {
    /// Checks the rules of an upstream.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn new(rules: &BTreeMap<String, ClaimTarget>) -> Result<Self, Vec<MappingProblem>> {
        let mut problems = Vec::new();
        let mut fail = |path: &str, problem: String| {
            problems.push(MappingProblem {
                path: path.chars().take(MAX_PATH_BYTES).collect(),
                problem,
            });
        };
        if rules.len() > MAX_RULES {
            fail("claims", format!("more than {MAX_RULES}"));
        }
        for (path, target) in rules {
            let parts = path.split('.');
            if path.is_empty() || path.len() > MAX_PATH_BYTES || parts.clone().any(str::is_empty) {
                fail(
                    path,
                    "not the name of a claim, or names with dots between them".to_owned(),
                );
            }
            match target {
                // A provider decides neither who a user is nor which addresses and roles are proved.
                ClaimTarget::Claim(name) if !may_be_given(name) || name == "groups" => fail(
                    path,
                    format!(
                        "\"{name}\" can't be set by an upstream: it is reserved, or has a rule of its own"
                    ),
                ),
                ClaimTarget::Claim(_) => {}
                ClaimTarget::Values(mapping) => {
                    let all = || mapping.roles.iter().chain(&mapping.groups);
                    let fits = |text: &str| (1..=MAX_NAME_BYTES).contains(&text.len());
                    if all().count() == 0 {
                        fail(path, "it maps no value to a role or a group".to_owned());
                    }
                    if all().count() > MAX_VALUES {
                        fail(path, format!("more than {MAX_VALUES} values"));
                    }
                    if all().any(|(value, name)| !fits(value) || !fits(name)) {
                        fail(
                            path,
                            format!(
                                "a value or a name is empty or longer than {MAX_NAME_BYTES} bytes"
                            ),
                        );
                    }
                }
            }
        }
        match problems.is_empty() {
            true => Ok(Self {
                rules: rules.clone(),
            }),
            false => Err(problems),
        }
    }

    /// What the claims of an identity change about an account. What is of a wrong type or too long is left out.
    #[must_use]
    pub fn read(&self, claims: &Map<String, Value>) -> ClaimUpdate {
        let mut update = ClaimUpdate::default();
        for name in USUAL {
            if let Some(value) = claims.get(name) {
                update.take(name, value);
            }
        }
        for (path, target) in &self.rules {
            let value = find(claims, path);
            match target {
                ClaimTarget::Claim(name) => {
                    if let Some(value) = value {
                        update.take(name, value);
                    }
                }
                ClaimTarget::Values(mapping) => {
                    let values = value.map(texts).unwrap_or_default();
                    update.roles.read(&mapping.roles, &values);
                    update.groups.read(&mapping.groups, &values);
                }
            }
        }
        update
    }
}

impl ClaimUpdate {
    fn take(&mut self, name: &str, value: &Value) {
        let one = BTreeMap::from([(name.to_owned(), value.clone())]);
        let short = value.to_string().len() <= MAX_VALUE_BYTES;
        if short && !value.is_null() && check_user_claims(&one).is_ok() {
            self.claims.extend(one);
        }
    }

    /// The roles of an account after it. Roles that no rule knows were given here, and stay.
    #[must_use]
    pub fn roles(&self, before: &[String]) -> Vec<String> {
        self.roles.apply(before)
    }

    /// The claims of an account after it. A claim that the identity doesn't have stays.
    ///
    /// # Errors
    /// When they are too many or too long together.
    pub fn claims(
        &self,
        before: &BTreeMap<String, Value>,
    ) -> Result<BTreeMap<String, Value>, MetadataError> {
        let mut claims = before.clone();
        claims.extend(self.claims.clone());
        if !self.groups.known.is_empty() {
            let listed = before.get("groups").map(texts).unwrap_or_default();
            let listed: Vec<String> = listed.into_iter().map(str::to_owned).collect();
            let groups = self.groups.apply(&listed);
            match groups.is_empty() {
                true => claims.remove("groups"),
                false => claims.insert("groups".to_owned(), Value::from(groups)),
            };
        }
        check_user_claim_bounds(&claims)?;
        Ok(claims)
    }
}

/// The claim of this name, or a member of nested objects. A name may have dots itself, as URLs do.
fn find<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let mut parts = path.splitn(MAX_DEPTH, '.');
    let mut value = claims.get(parts.next()?)?;
    for part in parts {
        value = value.as_object()?.get(part)?;
    }
    Some(value)
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => {
            let elements = list.iter().take(MAX_ELEMENTS);
            elements.filter_map(Value::as_str).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(json: Value) -> Result<ClaimMapping, Vec<MappingProblem>> {
        ClaimMapping::new(&serde_json::from_value(json).unwrap())
    }

    fn read(mapping: Value, claims: Value) -> ClaimUpdate {
        let claims = serde_json::from_value(claims).unwrap();
        rules(mapping).unwrap().read(&claims)
    }

    fn claims(update: &ClaimUpdate, before: Value) -> Value {
        let before = serde_json::from_value(before).unwrap();
        serde_json::to_value(update.claims(&before).unwrap()).unwrap()
    }

    #[test]
    fn a_rule_renames_a_claim_and_reads_nested_ones() {
        let update = read(
            json!({"org.unit": "department", "https://up.example/site": "site", "a.b.c.d": "deep", "no.thing": "x"}),
            json!({"name": "Alice", "org": {"unit": "sales"}, "https://up.example/site": "NL",
                "a": {"b": {"c": {"d": 5}}}, "no": "object", "other": "dropped"}),
        );
        assert_eq!(
            claims(&update, json!({"name": "Old", "nickname": "kept"})),
            json!({"name": "Alice", "nickname": "kept", "department": "sales", "site": "NL", "deep": 5})
        );
    }

    #[test]
    fn no_rule_sets_a_reserved_claim() {
        for name in [
            "sub",
            "iss",
            "aud",
            "acr",
            "amr",
            "sid",
            "Sub",
            "scope",
            "client_id",
            "email",
            "email_verified",
            "roles",
            "groups",
            "preferred_username",
            "updated_at",
            "",
            "a b",
        ] {
            assert!(rules(json!({ "x": name })).is_err(), "{name}");
        }
        let update = read(
            json!({}),
            json!({"sub": "x", "email": "a@b.example", "roles": ["admin"], "groups": ["g"]}),
        );
        assert_eq!(update, ClaimUpdate::default());
    }

    #[test]
    fn a_table_is_bounded() {
        let many: BTreeMap<_, _> = (0..33)
            .map(|i| (format!("c{i}"), format!("d{i}")))
            .collect();
        assert!(rules(json!(many)).is_err());
        assert!(rules(json!({"": "x"})).is_err());
        assert!(rules(json!({"a..b": "x"})).is_err());
        assert!(rules(json!({ "a".repeat(257): "x" })).is_err());
        assert!(rules(json!({"groups": {}})).is_err());
        assert!(rules(json!({"groups": {"roles": {"a": ""}}})).is_err());
        let values: BTreeMap<_, _> = (0..257).map(|i| (format!("v{i}"), "r")).collect();
        assert!(rules(json!({"groups": {"roles": values}})).is_err());
    }

    #[test]
    fn what_is_of_a_wrong_type_or_too_long_is_left_out() {
        let update = read(
            json!({"big": "big", "fine": "fine"}),
            json!({"name": 5, "locale": {"a": 1}, "picture": "javascript:alert(1)", "given_name": "x".repeat(3000),
                "big": vec!["x"; 2000], "fine": true, "family_name": null}),
        );
        assert_eq!(claims(&update, json!({})), json!({"fine": true}));
        let full: BTreeMap<String, Value> = (0..64).map(|i| (format!("c{i}"), json!(1))).collect();
        assert!(update.claims(&full).is_err());
    }

    #[test]
    fn roles_follow_the_upstream_and_those_given_here_stay() {
        let table = json!({"groups": {"roles": {"ops": "operator", "boss": "admin"}, "groups": {"ops": "night-shift"}}});
        let before = ["user".to_owned(), "admin".to_owned()];
        let ops = read(table.clone(), json!({"groups": ["ops", "other", 5]}));
        assert_eq!(ops.roles(&before), ["user", "operator"]);
        let held = json!({"groups": ["staff", "night-shift"]});
        assert_eq!(claims(&ops, json!({"groups": ["staff"]})), held);
        // As a text, and gone again.
        let boss = read(table.clone(), json!({"groups": "boss"}));
        assert_eq!(boss.roles(&before), before);
        assert_eq!(claims(&boss, held), json!({"groups": ["staff"]}));
        let none = read(table, json!({}));
        assert_eq!(none.roles(&before), ["user"]);
        assert_eq!(claims(&none, json!({"groups": ["night-shift"]})), json!({}));
        // Without a rule nothing is changed.
        let untouched = read(json!({}), json!({"groups": ["ops"]}));
        assert_eq!(untouched.roles(&before), before);
    }

    proptest::proptest! {
        #[test]
        fn a_path_never_panics(path in "[a-c.]{0,12}") {
            let claims = serde_json::from_value(json!({"a": {"b": {"c": {"a": 1}}}, "a.b": 2})).unwrap();
            let _ = find(&claims, &path);
        }
    }
}
