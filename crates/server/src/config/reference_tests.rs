//! The documents that speak of the settings: the page that is made from them, and the example of `deploy/`. After a change of these rewrite it with
//! `CARDEA_WRITE=1 cargo test -p cardea-server reference`.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use cardea_protocol::model::{Client, Owner};
use cardea_web::config::{parse, reference_markdown};
use jiff::Timestamp;

use super::{Config, settings::Settings};

const HEAD: &str = "\
# Configuration

<!-- Made from `crates/server/src/config/`. Don't edit it here: CARDEA_WRITE=1 cargo test -p cardea-server reference -->

Cardea reads one TOML file: `cardea serve --config cardea.toml`. An unknown key or a bad value stops the start, with its line and
the nearest name that exists. [An example](../../deploy/cardea.toml) stands in `deploy/cardea.toml`.

- A **time** is a whole number and one of the units `s`, `m`, `h`, `d`: `\"15m\"`. It is at least `1s` and at most `3650d`.
- A **secret** is text that no log and no error shows.
- A key can be set by a variable of the environment too, which wins over the file: `CARDEA__TOKENS__ACCESS_TOKEN_TTL=10m` is
  `access_token_ttl` of `[tokens]`. Lists such as `[[clients]]` are only in the file.
- A relative path counts from the folder of the configuration file.

";

#[test]
fn the_reference_page_is_fresh() {
    let page = format!("{HEAD}{}", reference_markdown::<Config>());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/configuration.md");
    if option_env!("CARDEA_WRITE") == Some("1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/reference/configuration.md is stale; CARDEA_WRITE=1 cargo test -p cardea-server reference"
    );
}

#[test]
fn the_example_of_a_configuration_is_one_that_starts() {
    let text = include_str!("../../../../deploy/cardea.toml");
    let config: Config = parse("deploy/cardea.toml", text, std::iter::empty()).unwrap();
    Settings::check(&config).unwrap();
    assert_eq!(config.clients.len(), 3);
    for client in config.clients {
        assert!(Client::register(client, Owner::File, Timestamp::UNIX_EPOCH).is_ok());
    }
}
