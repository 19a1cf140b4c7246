//! `docs/reference/command-line.md` is made from the commands. After a change of these rewrite it with
//! `CARDEA_WRITE=1 cargo test -p cardea-cli command_line`.

use std::{fmt::Write as _, path::Path};

use clap::{Command, CommandFactory};

use super::Cardea;

const HEAD: &str = "\
# The command line

<!-- Made from `crates/cli/src/commands/mod.rs`. Don't edit it here: CARDEA_WRITE=1 cargo test -p cardea-cli command_line -->

What `cardea --help` and `--help` of each command say. `--log` and `--json` go with every command.

";

/// The options that are only in the first help.
const EVERYWHERE: &[&str] = &["log", "json", "help"];

fn describe(page: &mut String, command: &Command, path: &str) {
    let nested = path.contains(' ');
    let hidden = |arg: clap::Arg| {
        let everywhere = nested && EVERYWHERE.contains(&arg.get_id().as_str());
        arg.hide_env_values(true).hide(everywhere)
    };
    // The width of the terminal that the test runs in must not matter.
    let mut shown = command
        .clone()
        .bin_name(path)
        .term_width(100)
        .mut_args(hidden);
    let help = shown.render_long_help().to_string();
    let trimmed: Vec<_> = help.lines().map(str::trim_end).collect();
    let text = trimmed.join("\n");
    writeln!(page, "## `{path}`\n\n```text\n{}\n```\n", text.trim_end()).unwrap();
    for inner in command
        .get_subcommands()
        .filter(|inner| inner.get_name() != "help")
    {
        describe(page, inner, &format!("{path} {}", inner.get_name()));
    }
}

#[test]
fn the_command_line_is_well_formed_and_its_page_fresh() {
    let mut command = Cardea::command();
    command.clone().debug_assert();
    command.build();
    let mut page = HEAD.to_owned();
    describe(&mut page, &command, "cardea");
    let page = format!("{}\n", page.trim_end());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/command-line.md");
    if option_env!("CARDEA_WRITE") == Some("1") {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/reference/command-line.md is stale; CARDEA_WRITE=1 cargo test -p cardea-cli command_line"
    );
}
