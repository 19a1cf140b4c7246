//! Which role a page takes.

use crate::checked::ConfigProblem;
use crate::forward_auth::AccessRule;
use crate::path;

/// The rules of one app.
pub(super) struct Rules(Vec<Rule>);

struct Rule {
    prefix: Box<str>,
    loose: Box<str>,
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
            let prefix = prefix.strip_suffix('/').unwrap_or(&prefix);
            read.push(Rule {
                prefix: prefix.into(),
                loose: loosely(prefix).into(),
                roles: rule.roles.clone(),
            });
        }
        read.sort_by_key(|rule: &Rule| std::cmp::Reverse(rule.prefix.len()));
        Ok(Self(read))
    }

    /// Whether holders of these roles may see what is at this path, which was read.
    pub(super) fn allow(&self, path: &str, roles: &[String]) -> bool {
        let loose = loosely(path);
        let as_written = self
            .0
            .iter()
            .find(|rule| path::is_under(path, &rule.prefix));
        let as_some_apps_read_it = self.0.iter().find(|rule| is_covered(&loose, &rule.loose));
        let rules = [as_written, as_some_apps_read_it];
        let may = |rule: &Rule| roles.iter().any(|role| rule.roles.contains(role));
        rules.into_iter().flatten().all(may)
    }
}

/// The path as the laxest app reads it: in any case, and without the parameters of segments (`/Admin;x`).
fn loosely(path: &str) -> String {
    let segments = path.split('/');
    let names = segments.map(|segment| segment.split(';').next().unwrap_or_default());
    names.collect::<Vec<_>>().join("/").to_lowercase()
}

/// Whether the prefix holds the path, also where it ends in a format (`/admin.json`).
fn is_covered(path: &str, prefix: &str) -> bool {
    match path.strip_prefix(prefix) {
        Some(rest) => rest.is_empty() || rest.starts_with(['/', '.']),
        None => false,
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
    fn a_path_that_only_the_app_takes_for_the_same_is_no_way_around_a_rule() {
        let rule = |prefix: &str, role: &str| AccessRule {
            prefix: prefix.to_owned(),
            roles: vec![role.to_owned()],
        };
        let rules = [rule("/Admin", "admin"), rule("/admin/help", "user")];
        let rules = Rules::read(&rules, "https://a.test").unwrap();
        let may = |path: &str, role: &str| rules.allow(path, &[role.to_owned()]);
        for path in [
            "/Admin",
            "/ADMIN/users",
            "/admin;x=1",
            "/admin;x/users",
            "/Admin.json",
            "/admin.json/x",
            "/admin./x",
            "/admin;/help.d;x/y",
        ] {
            assert!(!may(path, "nobody"), "{path}");
        }
        assert!(may("/ADMIN;x/users.json", "admin"));
        // What the strict reading closes the lax one doesn't open.
        let rules = [rule("/admin", "admin"), rule("/admin/help", "user")];
        let rules = Rules::read(&rules, "https://a.test").unwrap();
        assert!(!rules.allow("/admin/help.secret", &["user".to_owned()]));
        assert!(rules.allow("/admin/help/x", &["user".to_owned()]));
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
