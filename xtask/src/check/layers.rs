//! Dependencies between our crates only point down.

use std::collections::BTreeSet;

use super::{Finding, Metadata};

/// The layers from the bottom up: each crate, and its direct dependencies.
const LAYERS: &[(&str, &[&str])] = &[
    ("seal", &[]),
    ("jose", &["seal"]),
    ("protocol", &["jose", "seal"]),
    ("web", &["jose", "seal"]),
    ("store", &["protocol", "seal"]),
    ("resource", &["web", "protocol", "jose"]),
    ("client", &["web", "protocol", "jose"]),
    ("server", &["store", "web", "client"]),
    ("gateway", &["web", "resource", "client"]),
    ("orders-api", &["resource"]),
    ("spa-bff", &["client"]),
    ("webapp", &["client"]),
    ("machine", &["web"]),
    (
        "cli",
        &[
            "server",
            "gateway",
            "orders-api",
            "spa-bff",
            "webapp",
            "machine",
        ],
    ),
    ("testkit", &["server", "store"]),
    ("bench-ceiling", &["jose", "seal"]),
    ("bench-load", &["store", "resource", "client"]),
    ("xtask", &[]),
];

pub(super) fn check(metadata: &Metadata) -> Vec<Finding> {
    let ours: BTreeSet<&str> = metadata
        .members()
        .map(|package| package.name.as_str())
        .collect();
    let mut findings = Vec::new();
    for package in metadata.members() {
        let Some(known) = knows(package.folder()) else {
            findings.push(Finding::new(
                &package.name,
                "is not in the layers",
                "add it in ARCHITECTURE.md and to LAYERS of xtask/src/check/layers.rs",
            ));
            continue;
        };
        for name in package.direct().filter(|name| ours.contains(name)) {
            if !known.contains(name.strip_prefix("cardea-").unwrap_or(name)) {
                findings.push(Finding::new(
                    &package.name,
                    format!("depends on {name}, which is not below it"),
                    "move the shared code to a crate that both depend on (two kits: `web` or `seal`)",
                ));
            }
        }
    }
    findings
}

/// All crates that a crate may depend on, directly or indirectly.
fn knows(crate_name: &str) -> Option<BTreeSet<&'static str>> {
    let (_, direct) = LAYERS.iter().find(|(name, _)| *name == crate_name)?;
    let mut all: BTreeSet<&str> = direct.iter().copied().collect();
    for name in *direct {
        all.extend(knows(name)?);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::super::metadata::{Dependency, Package};
    use super::*;

    fn workspace(name: &str, dependency: &str, kind: Option<&str>) -> Metadata {
        let arrow = Dependency {
            name: dependency.into(),
            kind: kind.map(Into::into),
        };
        let from = Package {
            id: "from".into(),
            name: name.into(),
            dependencies: vec![arrow],
            ..Package::default()
        };
        let to = Package {
            id: "to".into(),
            name: dependency.into(),
            ..Package::default()
        };
        Metadata {
            packages: vec![from, to],
            workspace_members: vec!["from".into(), "to".into()],
            ..Metadata::default()
        }
    }

    #[test]
    fn the_list_names_only_layers_above_which_it_stands() {
        for (at, (_, known)) in LAYERS.iter().enumerate() {
            let below: Vec<&str> = LAYERS[..at].iter().map(|(name, _)| *name).collect();
            assert!(
                known.iter().all(|name| below.contains(name)),
                "{known:?} are below"
            );
        }
    }

    #[test]
    fn an_arrow_down_stands_through_a_layer() {
        assert_eq!(check(&workspace("cardea-cli", "cardea-seal", None)), []);
    }

    #[test]
    fn an_arrow_up_falls() {
        let findings = check(&workspace("cardea-web", "cardea-store", None));
        assert!(findings[0].what.contains("cardea-store"), "{findings:?}");
        assert_eq!(
            check(&workspace("cardea-server", "cardea-testkit", None)).len(),
            1
        );
        assert_eq!(
            check(&workspace("xtask", "cardea-seal", Some("build"))).len(),
            1
        );
    }

    #[test]
    fn tests_may_use_the_testkit() {
        assert_eq!(
            check(&workspace("cardea-server", "cardea-testkit", Some("dev"))),
            []
        );
    }

    #[test]
    fn an_unknown_crate_must_be_given_a_place() {
        assert_eq!(
            check(&workspace("cardea-drawer", "cardea-seal", None))[0].what,
            "is not in the layers"
        );
    }
}
