//! Which roles a path requires.

use crate::{
    forward_auth::AccessRule,
    path,
    prefixes::{Ambiguous, Prefixes},
    problem::{ConfigProblems, Entry, Problems},
};

/// The access rules of one app.
pub(super) struct Rules {
    prefixes: Prefixes,
    // Of each prefix.
    roles: Vec<Vec<String>>,
}

/// The roles that a path requires: one of each list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Required<'a>(Vec<&'a [String]>);

impl Rules {
    /// Checks the rules of an app.
    pub(super) fn read(rules: &[AccessRule], app: &Entry) -> Result<Self, ConfigProblems> {
        let mut problems = Problems::default();
        let mut prefixes: Vec<String> = Vec::with_capacity(rules.len());
        for (index, rule) in rules.iter().enumerate() {
            let entry = app.entry("rules", index, &rule.prefix);
            let prefix = path::configured(&rule.prefix);
            let prefix = problems.keep(prefix.map_err(|what| entry.problem("prefix", what)));
            if rule.roles.is_empty() {
                problems.add(entry.problem("roles", "not set; add at least one role"));
            }
            let Some(prefix) = prefix else { continue };
            let prefix = prefix.strip_suffix('/').unwrap_or(&prefix).to_owned();
            // Only one of them would hold.
            if prefixes.contains(&prefix) {
                problems.add(entry.problem("prefix", "the prefix is configured twice"));
            }
            prefixes.push(prefix);
        }
        problems.settle(Some(Self {
            prefixes: Prefixes::new(prefixes.iter().map(String::as_str)),
            roles: rules.iter().map(|rule| rule.roles.clone()).collect(),
        }))
    }

    /// What is required at a checked path.
    pub(super) fn required(&self, path: &str) -> Result<Required<'_>, Ambiguous> {
        let found = self.prefixes.find(path)?;
        let rules = found.prefix.into_iter().chain(found.also);
        let roles = rules.filter_map(|index| self.roles.get(index));
        Ok(Required(roles.map(Vec::as_slice).collect()))
    }
}

impl Required<'_> {
    /// Whether these roles are enough.
    pub(super) fn is_met_by(&self, roles: &[String]) -> bool {
        let has_one = |wanted: &&[String]| roles.iter().any(|role| wanted.contains(role));
        self.0.iter().all(has_one)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn app() -> Entry {
        Entry::new("forward_auth.apps", 0, "https://a.test")
    }

    fn rules(rules: &[(&str, &[&str])]) -> Rules {
        let rule = |(prefix, roles): &(&str, &[&str])| AccessRule {
            prefix: (*prefix).to_owned(),
            roles: roles.iter().map(|&role| role.to_owned()).collect(),
        };
        let rules: Vec<_> = rules.iter().map(rule).collect();
        Rules::read(&rules, &app()).unwrap()
    }

    fn may(rules: &Rules, path: &str, role: &str) -> Result<bool, Ambiguous> {
        let required = rules.required(path)?;
        Ok(required.is_met_by(&[role.to_owned()]))
    }

    #[test]
    fn the_longest_prefix_decides() {
        let rules = rules(&[("/admin", &["admin", "owner"]), ("/admin/help/", &["user"])]);
        for (path, role, expected) in [
            ("/", "none", true),
            ("/administration", "none", true),
            ("/admin", "admin", true),
            ("/admin/x", "owner", true),
            ("/admin", "user", false),
            ("/admin/helper", "user", false),
            ("/admin/help", "user", true),
            ("/admin/help/x", "admin", false),
        ] {
            assert_eq!(may(&rules, path, role), Ok(expected), "{path} {role}");
        }
    }

    #[test]
    fn g3_a_path_that_reads_loosely_as_under_a_rule_is_refused() {
        let rules = rules(&[("/Admin", &["admin"]), ("/admin/help", &["user"])]);
        for path in [
            "/ADMIN/users",
            "/admin;x=1",
            "/admin;x/users",
            "/admin /x",
            "/admin:x",
            "/admin::$DATA",
            "/ad\u{200b}min",
            "/ａｄｍｉｎ",
            "/admin./x",
            "/admin;/help.d;x/y",
            "/ADMIN;x/users.json",
        ] {
            assert_eq!(may(&rules, path, "admin"), Err(Ambiguous), "{path}");
        }
    }

    #[test]
    fn a_format_requires_the_roles_of_both_readings() {
        let rules = rules(&[("/admin", &["admin"]), ("/admin/help", &["user"])]);
        for (path, role, expected) in [
            ("/admin.json", "none", false),
            ("/Admin.json", "none", false),
            ("/admin.json/x", "none", false),
            ("/admin.json", "admin", true),
            ("/admin/help.secret", "user", false),
            ("/admin/help.secret", "admin", false),
            ("/admin/help/x", "user", true),
        ] {
            assert_eq!(may(&rules, path, role), Ok(expected), "{path} {role}");
        }
    }

    #[test]
    fn g3_a_format_or_a_script_requires_the_roles_of_every_reading() {
        let rules = rules(&[
            ("/", &["user"]),
            ("/admin", &["admin"]),
            ("/admin/help", &["user"]),
            ("/app.php", &["user"]),
            ("/reports", &["admin"]),
            ("/reports/public", &["user"]),
        ]);
        for path in [
            "/admin.php",
            "/admin.php/help",
            "/admin.json/help",
            "/Admin.json/Help/x",
            "/app.php/admin",
            "/app.php/admin/help",
            "/app.php/reports",
            "/app.php/reports/public",
            "/app.php/public/reports",
            "/public/index.php/reports",
            "/x.php%3f/reports",
            "/x.phtml/reports.json",
        ]
        .map(|path| path.replace("%3f", "?"))
        {
            let required = rules.required(&path).unwrap();
            let roles = |roles: &[&str]| {
                let roles: Vec<_> = roles.iter().map(|&role| role.to_owned()).collect();
                required.is_met_by(&roles)
            };
            assert!(!roles(&["user"]), "{path}");
            assert!(roles(&["user", "admin"]), "{path}");
        }
        for path in [
            "/",
            "/app.php",
            "/app.php/x",
            "/admin/help/style.css",
            "/admin/help/v1.2/x.js",
            "/static/app.min.js",
            "/reports/public/a.csv",
        ] {
            assert_eq!(may(&rules, path, "user"), Ok(true), "{path}");
        }
    }

    #[test]
    fn g3_a_rule_that_looks_like_a_pattern_is_refused() {
        for prefix in [
            "/admin/*",
            "/admin**",
            "/admin{id}",
            "/admin$",
            "/admin?x",
            "/admin#x",
        ] {
            let rule = AccessRule {
                prefix: prefix.to_owned(),
                roles: vec!["admin".to_owned()],
            };
            assert!(Rules::read(&[rule], &app()).is_err(), "{prefix}");
        }
    }

    #[test]
    fn a_rule_without_roles_is_a_mistake() {
        let rule = AccessRule {
            prefix: "/admin".to_owned(),
            roles: Vec::new(),
        };
        assert!(Rules::read(&[rule], &app()).is_err());
    }
}
