//! The loads of wrk for each server, in the order of measurement.

/// Access tokens that are introspected in turn.
pub(super) const INTROSPECTED: u64 = 200;
/// The verifier of all seeded codes.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// One load. Its series are named after the system and the load: `cardea es256`.
pub(super) struct Load {
    pub(super) name: &'static str,
    system: System,
    cores: Cores,
    pub(super) connections: u32,
    path: &'static str,
    pub(super) work: Work,
}
/// The kind of its requests.
pub(super) enum Work {
    /// The same form, from this client.
    Post(&'static str),
    /// Each connection rotates its refresh token.
    Rotate,
    /// Each request redeems a code.
    Redeem,
    /// Access tokens are introspected.
    Introspect(Seed),
    /// The same document.
    Get,
}
const fn one(
    name: &'static str,
    system: System,
    connections: u32,
    path: &'static str,
    work: Work,
) -> Load {
    Load {
        name,
        system,
        cores: Cores::Server,
        connections,
        path,
        work,
    }
}
const fn both(
    name: &'static str,
    system: System,
    connections: u32,
    path: &'static str,
    work: Work,
) -> Load {
    Load {
        cores: Cores::Both,
        ..one(name, system, connections, path, work)
    }
}

use System::{Cardea, Ceiling, Peer};
use Work::{Get, Introspect, Post, Redeem, Rotate};
use anyhow::Result;

use super::{
    seeds::{Seed, codes_for},
    series::Series,
    server::{Cores, pinned},
    stage::{REDIRECT_URI, SECRET, Stage, System},
    wrk::Run,
};
use crate::command::output;

/// Each load of Cardea, followed by its comparisons.
#[rustfmt::skip]
pub(super) const LOADS: &[Load] = &[
    one("es256", Cardea, 32, "/token", Post("script")),
    one("es256", Ceiling, 32, "/es256", Post("script")),
    one("es256", Peer, 32, "/token", Post("script&resource=urn:bench:es256")),
    one("rs256", Cardea, 32, "/token", Post("script-rs256")),
    one("rs256", Ceiling, 32, "/rs256", Post("script")),
    one("rs256", Peer, 32, "/token", Post("script&resource=urn:bench:rs256")),
    one("eddsa", Cardea, 32, "/token", Post("script-eddsa")),
    one("eddsa", Ceiling, 32, "/eddsa", Post("script")),
    one("refresh 32", Cardea, 32, "/token", Rotate),
    one("refresh 32", Ceiling, 32, "/refresh", Rotate),
    one("refresh 128", Cardea, 128, "/token", Rotate),
    one("refresh 128", Ceiling, 128, "/refresh", Rotate),
    one("code", Cardea, 32, "/token", Redeem),
    one("introspect jwt", Cardea, 32, "/introspection", Introspect(Seed::Web)),
    one("introspect opaque", Cardea, 32, "/introspection", Introspect(Seed::Opaque)),
    one("introspect opaque", Ceiling, 32, "/introspection", Introspect(Seed::Opaque)),
    one("discovery", Cardea, 32, "/.well-known/openid-configuration", Get),
    one("jwks", Cardea, 32, "/.well-known/jwks.json", Get),
    one("document", Ceiling, 32, "/document", Get),
    both("both es256", Cardea, 32, "/token", Post("script")),
    both("both es256", Ceiling, 32, "/es256", Post("script")),
    both("both refresh 128", Cardea, 128, "/token", Rotate),
    both("both refresh 128", Ceiling, 128, "/refresh", Rotate),
];

/// Starts the server, loads it, records rate, 99th percentile and peak memory, and stops it.
pub(super) fn measure(load: &Load, stage: &mut Stage, series: &mut Series) -> Result<()> {
    let server = stage.start(load.system, load.cores)?;
    let file = stage.file("load.txt");
    let (script, body) = prepare(load, stage)?;
    let run = Run {
        cores: if load.cores == Cores::Both {
            Cores::Both
        } else {
            Cores::Load
        },
        connections: load.connections,
        seconds: stage.plan.seconds,
        url: stage.url(load.path),
        script,
        body: &body,
        file: &file,
    };
    let outcome = run.go()?;
    let name = format!("{} {}", load.system.name(), load.name);
    series.push(format!("{name} p99 ms"), outcome.p99_ms);
    series.push(format!("{name} peak MB"), server.peak_memory()?);
    series.push(name, outcome.per_second);
    server.stop()
}

/// The script of a load and the beginning of its bodies. Writes its tokens to `load.txt`.
fn prepare(load: &Load, stage: &mut Stage) -> Result<(Option<&'static str>, String)> {
    let file = stage.file("load.txt");
    Ok(match (&load.work, load.system) {
        (Get, _) => (None, String::new()),
        (Post(client), _) => {
            let grant = "grant_type=client_credentials&scope=orders:read";
            let body = format!("{grant}&client_secret={SECRET}&client_id={client}");
            (Some("post.lua"), body)
        }
        (Rotate, Ceiling) => {
            let rows: String = (0..load.connections)
                .map(|row| format!("{row}\n"))
                .collect();
            std::fs::write(&file, rows)?;
            (Some("rotate.lua"), refresh_body())
        }
        (Rotate, _) => {
            stage
                .seeds
                .take(Seed::Web, load.connections.into(), &file)?;
            (Some("rotate.lua"), refresh_body())
        }
        (Redeem, _) => {
            stage
                .seeds
                .take(Seed::Code, codes_for(stage.plan.seconds), &file)?;
            let body = format!(
                "grant_type=authorization_code&client_id=web&client_secret={SECRET}\
                 &redirect_uri={REDIRECT_URI}&code_verifier={VERIFIER}"
            );
            (Some("spend.lua"), body)
        }
        (Introspect(seed), system) => {
            let body = format!("client_id=api&client_secret={SECRET}");
            if system == Ceiling {
                std::fs::copy(stage.file("opaque.txt"), &file)?;
            } else {
                access_tokens(*seed, &body, stage)?;
            }
            (Some("cycle.lua"), body)
        }
    })
}

/// The body of a refresh without the token.
pub(super) fn refresh_body() -> String {
    format!("grant_type=refresh_token&client_id=web&client_secret={SECRET}")
}

/// Exchanges refresh tokens for access tokens at the running server, in `load.txt`.
fn access_tokens(seed: Seed, check: &str, stage: &mut Stage) -> Result<()> {
    let refresh_tokens = stage.file("refresh.txt");
    stage.seeds.take(seed, INTROSPECTED, &refresh_tokens)?;
    let client = if seed == Seed::Opaque {
        "opaque"
    } else {
        "web"
    };
    let mut command = pinned(Cores::Load, &stage.programs.load);
    command.args(["tokens", "--port", &stage.ports.provider.to_string()]);
    command.args(["--client", client, "--secret", SECRET, "--check", check]);
    command.arg("--refresh-tokens").arg(refresh_tokens);
    output(command.arg("--out").arg(stage.file("load.txt")))?;
    Ok(())
}
