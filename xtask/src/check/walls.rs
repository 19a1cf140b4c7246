//! Third-party crates that only some of our crates may depend on, or link at all.

use anyhow::Result;

use super::{
    Finding, Metadata,
    metadata::{Package, linked_by},
};

/// Crates that only the named crates of ours may depend on directly.
struct Direct {
    foreign: &'static [&'static str],
    only: &'static [&'static str],
    cure: &'static str,
}

const DIRECT: &[Direct] = &[
    Direct {
        foreign: &["aws-lc-rs", "aws-lc-sys"],
        only: &["seal", "jose"],
        cure: "use `seal` or `jose`; only they depend on cryptography",
    },
    Direct {
        foreign: &["reqwest", "tokio-rustls", "governor"],
        only: &["web"],
        cure: "use `web`: it has the guarded client, the listener and the limiter",
    },
    Direct {
        foreign: &["hyper-util"],
        only: &["web", "gateway"],
        cure: "use the listener of `web`",
    },
    Direct {
        foreign: &["cookie", "cookie_store", "tower-cookies", "axum-extra"],
        only: &["web"],
        cure: "use the cookies of `web`, which set every attribute",
    },
];

/// Crates that must not be linked into ours, directly or indirectly.
struct Linked {
    ours: &'static [&'static str],
    never: &'static [&'static str],
    cure: &'static str,
}

const LINKED: &[Linked] = &[
    Linked {
        ours: &["seal", "jose", "protocol"],
        never: &["axum", "tokio", "rusqlite"],
        cure: "rules are values in, values out: move the I/O to `web`, `store` or `server`",
    },
    Linked {
        ours: &["resource", "client"],
        never: &[
            "rusqlite",
            "libsqlite3-sys",
            "tokio-postgres",
            "deadpool-postgres",
            "refinery",
            "redis",
            "argon2",
            "askama",
        ],
        cure: "put it behind a feature that is off by default: a kit is compiled into the programs of others",
    },
];

pub(super) fn check(metadata: &Metadata) -> Result<Vec<Finding>> {
    let mut findings: Vec<Finding> = metadata.members().flat_map(direct).collect();
    for package in metadata.members() {
        for wall in LINKED
            .iter()
            .filter(|wall| wall.ours.contains(&package.folder()))
        {
            let linked = linked_by(&package.name)?;
            let through = linked
                .iter()
                .filter(|(name, _)| wall.never.contains(&name.as_str()));
            findings.extend(through.map(|(name, version)| {
                let cure = format!(
                    "{} (`cargo tree -p {} -e normal -i {name}`)",
                    wall.cure, package.name
                );
                Finding::new(&package.name, format!("pulls in {name} {version}"), cure)
            }));
        }
    }
    Ok(findings)
}

fn direct(package: &Package) -> Vec<Finding> {
    let closed = DIRECT
        .iter()
        .filter(|wall| !wall.only.contains(&package.folder()));
    closed
        .flat_map(|wall| {
            let named = package.direct().filter(|name| wall.foreign.contains(name));
            named.map(|name| {
                Finding::new(&package.name, format!("names {name} directly"), wall.cure)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::metadata::Dependency;
    use super::*;

    fn package(name: &str, dependency: &str, kind: Option<&str>) -> Package {
        let dependency = Dependency {
            name: dependency.into(),
            kind: kind.map(Into::into),
        };
        Package {
            name: name.into(),
            dependencies: vec![dependency],
            ..Package::default()
        }
    }

    #[test]
    fn only_the_named_crates_may_name_a_walled_one() {
        assert_eq!(direct(&package("cardea-seal", "aws-lc-rs", None)), []);
        assert_eq!(direct(&package("cardea-gateway", "hyper-util", None)), []);
        assert_eq!(
            direct(&package("cardea-server", "aws-lc-rs", None)).len(),
            1
        );
        assert_eq!(direct(&package("cardea-gateway", "reqwest", None)).len(), 1);
    }

    #[test]
    fn tests_may_name_what_they_like() {
        assert_eq!(
            direct(&package("cardea-server", "reqwest", Some("dev"))),
            []
        );
    }
}
