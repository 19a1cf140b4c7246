//! Which role a page takes.

use crate::forward_auth::AccessRule;
use crate::path;
use crate::table::ConfigProblem;

/// The rules of one app.
pub(super) struct Rules(Vec<Rule>);

struct Rule {
    prefix: Box<str>,
    roles: Vec<String>,
}

impl Rules {
    /// Checks the rules of the app with this origin.
    pub(super) fn read(rules: &[AccessRule], origin: &str) -> Result<Self, ConfigProblem> {
        let mut read = Vec::with_capacity(rules.len());
        for rule in rules {
            let key = format!("forward_auth.apps \"{origin}\".rules \"{}\"", rule.prefix);
            let prefix = path::read(&rule.prefix)
                .map_err(|e| ConfigProblem::new(format!("{key}.prefix"), e.to_string()))?;
            if rule.roles.is_empty() {
                let what = "nobody would be let in; name at least one role";
                return Err(ConfigProblem::new(format!("{key}.roles"), what));
            }
            read.push(Rule {
                prefix: prefix.strip_suffix('/').unwrap_or(&prefix).into(),
                roles: rule.roles.clone(),
            });
        }
        read.sort_by_key(|rule: &Rule| std::cmp::Reverse(rule.prefix.len()));
        Ok(Self(read))
    }

    /// Whether holders of these roles may see what is at this path, which was read.
    pub(super) fn allow(&self, path: &str, roles: &[String]) -> bool {
        let mut rules = self.0.iter();
        match rules.find(|rule| path::is_under(path, &rule.prefix)) {
            Some(rule) => roles.iter().any(|role| rule.roles.contains(role)),
            None => true,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_decides() {
        let rule = |prefix: &str, roles: &[&str]| AccessRule {
            prefix: prefix.to_owned(),
            roles: roles.iter().map(|&role| role.to_owned()).collect(),
        };
        let rules = [
            rule("/admin", &["admin", "owner"]),
            rule("/admin/help/", &["user"]),
        ];
        let rules = Rules::read(&rules, "https://a.test").unwrap();
        let may = |path: &str, role: &str| rules.allow(path, &[role.to_owned()]);
        assert!(may("/", "nobody") && may("/administration", "nobody"));
        assert!(may("/admin", "admin") && may("/admin/x", "owner"));
        assert!(!may("/admin", "user") && !may("/admin/helper", "user"));
        assert!(may("/admin/help", "user") && !may("/admin/help/x", "admin"));
    }

    #[test]
    fn a_rule_that_lets_nobody_in_is_a_mistake() {
        let rule = AccessRule {
            prefix: "/admin".to_owned(),
            roles: Vec::new(),
        };
        assert!(Rules::read(&[rule], "https://a.test").is_err());
    }
}
