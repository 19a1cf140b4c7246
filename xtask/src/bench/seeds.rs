//! Refresh tokens and codes made beforehand, each handed out once.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail};

use super::{
    loads::{INTROSPECTED, LOADS, Work},
    stage::Stage,
};
use crate::command::output;

/// Codes for each second of a load: more than a core can redeem.
const CODES_A_SECOND: u64 = 6000;
/// The seeds of the single measurements.
const SPARE: u64 = 1000;

/// The seeds left of each kind.
#[derive(Default)]
pub(super) struct Seeds {
    web: Vec<String>,
    opaque: Vec<String>,
    codes: Vec<String>,
}

/// The kind of a seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Seed {
    /// Refresh tokens of the client whose access tokens are JWTs.
    Web,
    /// Refresh tokens of the client whose access tokens are opaque.
    Opaque,
    /// Codes.
    Code,
}

impl Seeds {
    /// Seeds for all rounds.
    pub(super) fn sow(stage: &Stage) -> Result<Self> {
        let rounds = u64::try_from(stage.plan.rounds)?;
        let (mut web, mut opaque, mut codes) = (SPARE, 1, 1);
        for load in LOADS {
            match load.work {
                Work::Rotate => web += rounds * u64::from(load.connections),
                Work::Introspect(Seed::Opaque) => opaque += rounds * INTROSPECTED,
                Work::Introspect(_) => web += rounds * INTROSPECTED,
                Work::Redeem => codes += rounds * stage.plan.seconds * CODES_A_SECOND,
                Work::Post(_) | Work::Get => {}
            }
        }
        Ok(Self {
            web: grow(stage, Seed::Web, web)?,
            opaque: grow(stage, Seed::Opaque, opaque)?,
            codes: grow(stage, Seed::Code, codes)?,
        })
    }

    /// More refresh tokens, for the store with many grants.
    pub(super) fn more(stage: &mut Stage, count: u64) -> Result<()> {
        let grown = grow(stage, Seed::Web, count)?;
        stage.seeds.web.extend(grown);
        Ok(())
    }

    /// Writes some seeds of a kind to a file and removes them from the list.
    pub(super) fn take(&mut self, seed: Seed, count: u64, to: &PathBuf) -> Result<()> {
        let left = match seed {
            Seed::Web => &mut self.web,
            Seed::Opaque => &mut self.opaque,
            Seed::Code => &mut self.codes,
        };
        let Some(at) = left.len().checked_sub(usize::try_from(count)?) else {
            bail!("too few seeds of the kind {seed:?} are left");
        };
        let lines = left.split_off(at).join("\n") + "\n";
        std::fs::write(to, lines).with_context(|| format!("cannot write {}", to.display()))
    }
}

/// The number of codes that a load of this duration may need.
pub(super) fn codes_for(seconds: u64) -> u64 {
    seconds * CODES_A_SECOND
}

fn grow(stage: &Stage, seed: Seed, count: u64) -> Result<Vec<String>> {
    let (client, kind, scope) = match seed {
        Seed::Web => ("web", "--grants", "orders:read"),
        Seed::Opaque => ("opaque", "--grants", "orders:read"),
        Seed::Code => ("web", "--codes", "openid orders:read"),
    };
    let out = stage.file("seeds.txt");
    let mut command = Command::new(&stage.programs.load);
    command.args(["seed", "--issuer", &stage.issuer(), "--client", client]);
    command.args(["--scope", scope, kind, &count.to_string()]);
    command.arg("--database").arg(stage.file("cardea.db"));
    command.arg("--master-key").arg(stage.file("master.key"));
    output(command.arg("--out").arg(&out))?;
    let text = std::fs::read_to_string(&out)?;
    Ok(text.lines().map(str::to_owned).collect())
}
