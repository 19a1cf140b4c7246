//! The master key, which seals every secret in the store (D13).

use std::{path::Path, process::Command};

use cardea_seal::MasterKey;
use cardea_web::config::SecretText;
use schemars::JsonSchema;
use serde::Deserialize;

use super::problem::ConfigProblem;

/// Where the master key comes from: exactly one of these.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KeysConfig {
    /// A file with the key: 32 random bytes in base64. Make one with `(umask 077; openssl rand -base64 32 > master.key)`.
    pub master_key_file: Option<String>,
    /// A command whose output is the key, as a list of program and arguments: this is how a secrets manager plugs in.
    pub master_key_command: Vec<String>,
    /// The key itself; meant for the variable `CARDEA__KEYS__MASTER_KEY`, not for the file.
    #[schemars(with = "Option<SecretText>")]
    pub master_key: Option<SecretText>,
}

impl KeysConfig {
    /// Reads the key from the one place that is configured.
    ///
    /// # Errors
    /// When there is none or more than one, or what is there is no key.
    pub fn read(&self) -> Result<MasterKey, ConfigProblem> {
        let problem = |key: &str, what: String| ConfigProblem::new(key, what);
        let (file_key, command_key) = ("keys.master_key_file", "keys.master_key_command");
        let (key, text) = match (&self.master_key_file, self.master_key_command.as_slice(), &self.master_key) {
            (Some(file), [], None) => (file_key, std::fs::read_to_string(Path::new(file)).map_err(|e| {
                problem(file_key, format!("{file}: {e}; make one with: (umask 077; openssl rand -base64 32 > {file})"))
            })?),
            (None, [program, arguments @ ..], None) => {
                (command_key, run(program, arguments).map_err(|what| problem(command_key, what))?)
            }
            (None, [], Some(text)) => ("keys.master_key", text.expose().to_owned()),
            (None, [], None) => {
                let advice = "there is no master key; set keys.master_key_file, and make the file with: (umask 077; openssl rand -base64 32 > master.key)";
                return Err(problem("keys", advice.to_owned()));
            }
            _ => return Err(problem("keys", "the master key is configured twice; keep one of master_key_file, master_key_command, master_key".to_owned())),
        };
        MasterKey::parse(&text).map_err(|e| problem(key, format!("the master key: {e}")))
    }
}

fn run(program: &str, arguments: &[String]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|e| format!("{program}: {e}"))?;
    if !output.status.success() {
        return Err(format!("{program} ended with {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{program}: the output is not text"))
}
