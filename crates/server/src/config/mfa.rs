//! When a second factor is asked for.

use cardea_protocol::mfa::{Policy, Requirement, Rule};
use cardea_web::config::Duration;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{networks::networks, problem::ConfigProblem};

/// When a second factor is asked for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MfaConfig {
    /// Of whom: `off`, `optional` (users who have set one up) or `required` (all users; those who have none set one up when they sign
    /// in). An application can ask for one by `acr_values` unless this is `off`.
    pub policy: Requirement,
    /// How long a reset of a user's second factors by an administrator waits until it takes effect, such as `24h`; at most `30d`. The
    /// user is told by mail at once, and a sign-in with a second factor cancels the reset.
    pub reset_delay: Option<Duration>,
    /// Exceptions. The first rule whose conditions are all met counts instead of `policy`.
    pub rules: Vec<MfaRule>,
}

/// An exception from `policy`. Each condition that is set must be met; of a list, one entry.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MfaRule {
    /// Roles of the user, and those inside the organization that the sign-in is for.
    pub roles: Vec<String>,
    /// Groups of the user.
    pub groups: Vec<String>,
    /// Applications that the user signs in to, by `client_id`.
    pub clients: Vec<String>,
    /// Networks that the browser is in, such as `10.0.0.0/8`.
    pub networks: Vec<String>,
    /// What counts then, as in `policy`.
    pub require: Requirement,
}

impl MfaRule {
    fn has_conditions(&self) -> bool {
        let lists = [&self.roles, &self.groups, &self.clients, &self.networks];
        lists.iter().any(|list| !list.is_empty())
    }
}

impl MfaConfig {
    pub(super) fn reset_delay(&self) -> SignedDuration {
        self.reset_delay
            .map_or(SignedDuration::ZERO, Duration::signed)
    }

    /// The policy, with its networks parsed.
    pub(super) fn policy(&self) -> Result<Policy, Vec<ConfigProblem>> {
        let (mut rules, mut problems) = (Vec::new(), Vec::new());
        for rule in &self.rules {
            if !rule.has_conditions() {
                problems.push(ConfigProblem::new(
                    "mfa.rules",
                    "a rule has no condition; name roles, groups, clients or networks, or set mfa.policy",
                ));
            }
            match networks("mfa.rules", &rule.networks) {
                Ok(networks) => rules.push(Rule {
                    roles: rule.roles.clone(),
                    groups: rule.groups.clone(),
                    clients: rule.clients.clone(),
                    networks,
                    require: rule.require,
                }),
                Err(found) => problems.extend(found),
            }
        }
        match problems.is_empty() {
            true => Ok(Policy {
                default: self.policy,
                rules,
            }),
            false => Err(problems),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Places;

    fn with(rule: MfaRule) -> MfaConfig {
        MfaConfig {
            policy: Requirement::Off,
            rules: vec![rule],
            ..MfaConfig::default()
        }
    }

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_policy_has_rules() {
        let rule = MfaRule {
            roles: words("admin"),
            networks: words("10.0.0.0/8 ::1"),
            require: Requirement::Required,
            ..MfaRule::default()
        };
        let policy = with(rule).policy().unwrap();
        assert_eq!(policy.default, Requirement::Off);
        assert_eq!(policy.rules[0].require, Requirement::Required);
        assert_eq!(policy.rules[0].networks.len(), 2);
        let default = MfaConfig::default().policy().unwrap();
        assert_eq!(default.default, Requirement::Optional);
    }

    #[test]
    fn a_wrong_rule_is_named_with_its_line() {
        let text = "[mfa]\npolicy = \"off\"\n\n[[mfa.rules]]\nnetworks = [\"10.0.0.0/33\"]\n";
        for (networks, expected) in [
            (words("10.0.0.0/33"), "not a network"),
            (Vec::new(), "no condition"),
        ] {
            let rule = MfaRule {
                networks,
                ..MfaRule::default()
            };
            let problem = with(rule).policy().unwrap_err().remove(0);
            let problem = Places::of("cardea.toml", text).locate(problem);
            assert!(problem.problem.contains(expected), "{problem}");
            assert!(problem.key.contains("(cardea.toml:"), "{problem}");
        }
    }
}
