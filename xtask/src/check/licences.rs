//! Everything that is compiled has a licence that `deny.toml` allows.

use std::collections::BTreeSet;

use super::deny::Deny;
use super::metadata::{Compiled, Package};
use super::{Finding, Metadata, spdx};

pub(super) fn check(
    metadata: &Metadata,
    compiled: &BTreeSet<Compiled>,
    deny: &Deny,
) -> Vec<Finding> {
    let packages = metadata.packages.iter();
    packages
        .filter(|package| compiled.contains(&(package.name.clone(), package.version.clone())))
        .filter_map(|package| {
            let what = objection(package, deny)?;
            let cure = "find another crate, or allow it in deny.toml with a reason";
            Some(Finding::new(
                format!("{} {}", package.name, package.version),
                what,
                cure,
            ))
        })
        .collect()
}

fn objection(package: &Package, deny: &Deny) -> Option<String> {
    let Some(licence) = &package.license else {
        return Some("states no licence".into());
    };
    let exceptions = deny
        .licenses
        .exceptions
        .iter()
        .filter(|exception| exception.name == package.name);
    let allowed: BTreeSet<&str> = exceptions
        .flat_map(|exception| &exception.allow)
        .chain(&deny.licenses.allow)
        .map(String::as_str)
        .collect();
    match spdx::is_satisfied(licence, &|name| allowed.contains(name)) {
        Ok(true) => None,
        Ok(false) => Some(format!(
            "is under `{licence}`, which deny.toml does not allow"
        )),
        Err(error) => Some(format!(
            "has a licence that cannot be read, `{licence}`: {error}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(licence: Option<&str>, compiled: bool) -> Vec<Finding> {
        let deny = Deny::parse(
            "[licenses]\nallow = [\"MIT\"]\nexceptions = [{ crate = \"keys\", allow = [\"MPL-2.0\"] }]\n[bans]\ndeny = []\n",
        );
        let package = |name: &str| Package {
            name: name.into(),
            version: "1.0.0".into(),
            license: licence.map(Into::into),
            ..Package::default()
        };
        let metadata = Metadata {
            packages: vec![package("keys"), package("other")],
            ..Metadata::default()
        };
        let all = ["keys", "other"].map(|name| (name.to_owned(), "1.0.0".to_owned()));
        let compiled = if compiled {
            BTreeSet::from(all)
        } else {
            BTreeSet::new()
        };
        check(&metadata, &compiled, &deny.unwrap())
    }

    #[test]
    fn an_allowed_licence_passes() {
        assert_eq!(findings(Some("MIT OR GPL-3.0-only"), true), []);
    }

    #[test]
    fn an_exception_is_for_its_crate_alone() {
        let findings = findings(Some("MPL-2.0"), true);
        assert_eq!(
            findings
                .iter()
                .map(|f| f.place.as_str())
                .collect::<Vec<_>>(),
            ["other 1.0.0"]
        );
    }

    #[test]
    fn no_licence_and_nonsense_are_findings() {
        assert_eq!(findings(None, true).len(), 2);
        assert_eq!(findings(Some("MIT OR"), true).len(), 2);
    }

    #[test]
    fn what_is_not_compiled_is_no_matter() {
        assert_eq!(findings(Some("GPL-3.0-only"), false), []);
    }
}
