//! Programs that come from the distribution.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};

use crate::{
    command::{find, output, stream},
    test::Part,
};

/// A program that the tests start.
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) purpose: &'static str,
    pub(super) packages: &'static [&'static str],
    /// The parts that start it; empty for the whole run only.
    needed_by: &'static [Part],
    is_there: fn() -> bool,
}

/// Debian's folder for Apache's modules.
const MOD_AUTH_OPENIDC: &str = "/usr/lib/apache2/modules/mod_auth_openidc.so";

const TOOLS: &[Tool] = &[
    Tool {
        name: "chromium",
        purpose: "the real browser of tests/e2e",
        packages: &["chromium"],
        needed_by: &[Part::E2e],
        is_there: || chromium().is_some(),
    },
    Tool {
        name: "node",
        purpose: "runs tests/e2e and tests/interop (version 18 or newer)",
        packages: &["nodejs"],
        needed_by: &[Part::E2e, Part::Interop],
        is_there: || node_is(18),
    },
    Tool {
        name: "npm",
        purpose: "installs what tests/e2e and tests/interop name",
        packages: &["npm"],
        needed_by: &[Part::E2e, Part::Interop],
        is_there: || find("npm").is_some(),
    },
    Tool {
        name: "python3",
        purpose: "runs foreign clients in tests/interop (with its module venv)",
        packages: &["python3", "python3-venv"],
        needed_by: &[Part::Interop],
        is_there: || output(Command::new("python3").args(["-c", "import venv, ensurepip"])).is_ok(),
    },
    Tool {
        name: "postgresql",
        purpose: "the database of the store's contract and of many nodes, in a temporary folder",
        packages: &["postgresql"],
        needed_by: &[Part::Http, Part::Postgres],
        is_there: has_postgres,
    },
    Tool {
        name: "nginx",
        purpose: "runs the configurations of deploy/ for nginx, and is what the gateway is measured against",
        packages: &["nginx"],
        needed_by: &[Part::Http],
        is_there: || find("nginx").is_some(),
    },
    Tool {
        name: "caddy",
        purpose: "runs the configurations of deploy/ for Caddy",
        packages: &["caddy"],
        needed_by: &[Part::Http],
        is_there: || find("caddy").is_some(),
    },
    Tool {
        name: "apache2",
        purpose: "runs mod_auth_openidc, a foreign client, in tests/interop",
        // Without the package `apache2`, which would start a server on port 80.
        packages: &["apache2-bin", "libapache2-mod-auth-openidc"],
        needed_by: &[Part::Interop],
        is_there: || find("apache2").is_some() && Path::new(MOD_AUTH_OPENIDC).exists(),
    },
    Tool {
        name: "curl",
        purpose: "runs the scripts of docs/curl and the line that `cardea dev` prints",
        packages: &["curl"],
        needed_by: &[Part::Http, Part::E2e],
        is_there: || find("curl").is_some(),
    },
    Tool {
        name: "wrk",
        purpose: "puts a provider under load",
        packages: &["wrk"],
        needed_by: &[],
        is_there: || find("wrk").is_some(),
    },
    Tool {
        name: "openssl",
        purpose: "makes the certificate of tests/e2e, and measures what the machine can sign",
        packages: &["openssl"],
        needed_by: &[Part::E2e],
        is_there: || find("openssl").is_some(),
    },
];

/// The tools of these parts that the machine lacks.
pub(super) fn missing(parts: &[Part]) -> Vec<&'static Tool> {
    let is_needed = |tool: &&Tool| match tool.needed_by {
        [] => Part::ALL.iter().all(|part| parts.contains(part)),
        some => some.iter().any(|part| parts.contains(part)),
    };
    let needed = TOOLS.iter().filter(is_needed);
    needed.filter(|tool| !(tool.is_there)()).collect()
}

/// Debian keeps the programs of each version out of the search path.
fn has_postgres() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut versions = versions.flatten();
    versions.any(|version| version.path().join("bin/initdb").exists()) || find("initdb").is_some()
}

/// The browser, under any of its names.
pub(crate) fn chromium() -> Option<PathBuf> {
    [
        "chromium",
        "chromium-browser",
        "google-chrome-stable",
        "google-chrome",
    ]
    .into_iter()
    .find_map(find)
}

fn node_is(at_least: u32) -> bool {
    output(Command::new("node").arg("--version"))
        .ok()
        .and_then(|text| major(&text))
        .is_some_and(|major| major >= at_least)
}

/// `v20.11.1` is 20.
fn major(version: &str) -> Option<u32> {
    version
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

/// apt-get, through sudo when the user is not root.
pub(super) struct Installer {
    sudo: bool,
}

impl Installer {
    /// `None` if the distribution is neither Debian nor a derivative.
    pub(super) fn find() -> Option<Self> {
        if !Path::new("/etc/debian_version").exists() || find("apt-get").is_none() {
            return None;
        }
        let is_root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
        Some(Self { sudo: !is_root })
    }

    /// The command line, for the question before it.
    pub(super) fn shown(&self, packages: &BTreeSet<&str>) -> String {
        let sudo = if self.sudo { "sudo " } else { "" };
        format!("{sudo}apt-get install {}", joined(packages))
    }

    pub(super) fn install(&self, packages: &BTreeSet<&str>) -> Result<()> {
        if self.sudo && find("sudo").is_none() {
            bail!(
                "neither root nor sudo: as root run `apt-get install {}`",
                joined(packages)
            );
        }
        // A fresh container has no list of packages yet, an old one a stale list.
        let updated = stream(self.apt_get().arg("update"))?;
        let install = ["install", "--yes", "--no-install-recommends"];
        if !stream(self.apt_get().args(install).args(packages))? {
            let hint = if updated {
                ""
            } else {
                " (the list of packages could not be updated either)"
            };
            bail!("apt-get could not install {}{hint}", joined(packages));
        }
        Ok(())
    }

    fn apt_get(&self) -> Command {
        let mut command = Command::new(if self.sudo { "sudo" } else { "env" });
        // sudo takes assignments as env does; nothing may wait for an answer in CI.
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        command
    }
}

pub(super) fn joined(packages: &BTreeSet<&str>) -> String {
    packages.iter().copied().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node_are_read() {
        assert_eq!(major("v20.11.1\n"), Some(20));
        assert_eq!(major("v9"), Some(9));
        assert_eq!(major("20.11.1"), None);
    }

    #[test]
    fn rust_alone_is_enough_for_the_tests_beside_the_code() {
        assert!(missing(&[Part::Unit, Part::Doc]).is_empty());
    }

    #[test]
    fn the_question_shows_what_will_run() {
        let packages = BTreeSet::from(["wrk", "chromium"]);
        assert_eq!(
            Installer { sudo: true }.shown(&packages),
            "sudo apt-get install chromium wrk"
        );
        assert_eq!(
            Installer { sudo: false }.shown(&packages),
            "apt-get install chromium wrk"
        );
    }
}
