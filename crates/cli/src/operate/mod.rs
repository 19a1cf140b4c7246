//! The operator's commands, one file per subject. Each sends a request to the administration and prints the answer.

pub(crate) mod audit;
pub(crate) mod client;
mod factors;
pub(crate) mod grant;
pub(crate) mod group;
mod import;
pub(crate) mod invitation;
pub(crate) mod key;
mod options;
pub(crate) mod org;
pub(crate) mod role;
pub(crate) mod session;
pub(crate) mod user;
mod user_answers;
mod user_list;
mod user_set;

use anyhow::bail;
use cardea_server::admin::types::ListQuery;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    admin::{Admin, with_query},
    commands::PageOptions,
    config::{self, Run},
    output::Output,
};

/// The administration and the output of a command.
pub(crate) struct Desk {
    pub(crate) admin: Admin,
    pub(crate) out: Output,
}

impl Desk {
    /// Reaches the administration of a configuration's store.
    pub(crate) async fn open(run: Run) -> anyhow::Result<Self> {
        let file = config::of_command(&run)?;
        let config = config::read(&file, run.environment)?;
        Ok(Self {
            admin: Admin::reach(&config).await?,
            out: run.out,
        })
    }
}

impl PageOptions {
    fn of(self, path: &str) -> anyhow::Result<String> {
        let query = ListQuery {
            limit: self.limit,
            after: self.after,
        };
        with_query(path, &query)
    }
}

/// `NAME=VALUE`, where the value is JSON if it reads as JSON, else a text.
fn pairs(texts: &[String], option: &str) -> anyhow::Result<Map<String, Value>> {
    let mut pairs = Map::new();
    for text in texts {
        let Some((name, value)) = text.split_once('=') else {
            bail!("{option} {text}: write it NAME=VALUE");
        };
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        pairs.insert(name.trim().to_owned(), value);
    }
    Ok(pairs)
}

/// The answer of a command whose response has no content.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Done<'a> {
    Removed(&'a str),
    Revoked(&'a str),
    Ended(&'a str),
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_json_when_it_reads_as_json() {
        let texts = ["a=true", "b=x=y", "c=[\"1\"]", "d="].map(str::to_owned);
        let expected = json!({ "a": true, "b": "x=y", "c": ["1"], "d": "" });
        assert_eq!(Value::Object(pairs(&texts, "--set").unwrap()), expected);
        assert!(pairs(&["a".to_owned()], "--set").is_err());
    }
}
