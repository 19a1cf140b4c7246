//! No crate is compiled that `deny.toml` bans.

use std::collections::{BTreeMap, BTreeSet};

use super::deny::{Ban, Deny};
use super::metadata::Compiled;
use super::{Finding, Metadata};

pub(super) fn check(
    metadata: &Metadata,
    compiled: &BTreeSet<Compiled>,
    deny: &Deny,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ban in &deny.bans.deny {
        for (name, version) in compiled.iter().filter(|(name, _)| *name == ban.name) {
            let by = unexcused(metadata, compiled, ban, version);
            if !by.is_empty() {
                findings.push(Finding::new(
                    format!("{name} {version}"),
                    format!("is banned, and {} depends on it", by.join(", ")),
                    format!(
                        "switch the feature off that needs it, or find another crate: {}",
                        ban.reason
                    ),
                ));
            }
        }
    }
    findings
}

/// Who depends on a banned crate, without being excused.
fn unexcused<'a>(
    metadata: &'a Metadata,
    compiled: &BTreeSet<Compiled>,
    ban: &Ban,
    version: &str,
) -> Vec<&'a str> {
    let by_id: BTreeMap<&str, _> = metadata
        .packages
        .iter()
        .map(|package| (package.id.as_str(), package))
        .collect();
    let is_banned = |id: &String| {
        by_id
            .get(id.as_str())
            .is_some_and(|package| package.name == ban.name && package.version == version)
    };
    let dependents = metadata
        .resolve
        .nodes
        .iter()
        .filter(|node| node.dependencies.iter().any(is_banned));
    dependents
        .filter_map(|node| by_id.get(node.id.as_str()))
        .filter(|package| compiled.contains(&(package.name.clone(), package.version.clone())))
        .map(|package| package.name.as_str())
        .filter(|name| !ban.wrappers.iter().any(|wrapper| wrapper == name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::metadata::{Node, Package, Resolve};
    use super::*;

    /// `web` and `tool` depend on `ring`.
    fn metadata() -> Metadata {
        let package = |name: &str| Package {
            id: name.into(),
            name: name.into(),
            version: "1.0.0".into(),
            ..Package::default()
        };
        let node = |name: &str| Node {
            id: name.into(),
            dependencies: vec!["ring".into()],
        };
        Metadata {
            packages: vec![package("ring"), package("web"), package("tool")],
            resolve: Resolve {
                nodes: vec![node("web"), node("tool")],
            },
            ..Metadata::default()
        }
    }

    fn compiled(names: &[&str]) -> BTreeSet<Compiled> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), "1.0.0".to_owned()))
            .collect()
    }

    fn deny(wrappers: &str) -> Deny {
        let ban =
            format!("{{ crate = \"ring\", wrappers = {wrappers}, reason = \"one library\" }}");
        Deny::parse(&format!("[licenses]\nallow = []\n[bans]\ndeny = [{ban}]\n")).unwrap()
    }

    #[test]
    fn a_banned_crate_is_found_with_those_who_brought_it() {
        let findings = check(
            &metadata(),
            &compiled(&["ring", "web", "tool"]),
            &deny("[]"),
        );
        assert_eq!(findings[0].what, "is banned, and web, tool depends on it");
    }

    #[test]
    fn a_wrapper_excuses_only_itself() {
        let findings = check(
            &metadata(),
            &compiled(&["ring", "web", "tool"]),
            &deny("[\"tool\"]"),
        );
        assert_eq!(findings[0].what, "is banned, and web depends on it");
        assert_eq!(
            check(
                &metadata(),
                &compiled(&["ring", "tool"]),
                &deny("[\"tool\"]")
            ),
            []
        );
    }

    #[test]
    fn what_is_in_the_lock_file_but_not_compiled_is_no_matter() {
        assert_eq!(
            check(&metadata(), &compiled(&["web", "tool"]), &deny("[]")),
            []
        );
    }
}
