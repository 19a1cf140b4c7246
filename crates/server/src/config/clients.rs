//! The clients of the file.

use cardea_protocol::model::{Client, MetadataError, Owner};
use cardea_seal::Secret;
use jiff::Timestamp;

use super::{Config, ConfigProblem, development::is_demo_secret};

impl Config {
    /// The clients of the file that can be registered.
    pub(super) fn sound_clients(&self, now: Timestamp) -> Vec<(usize, Client)> {
        let indexes = 0..self.clients.len();
        indexes
            .filter_map(|index| Some((index, self.file_client(index, now).ok()?)))
            .collect()
    }

    /// A client of the file as it would be registered, or everything that is wrong with it.
    pub(crate) fn file_client(
        &self,
        index: usize,
        now: Timestamp,
    ) -> Result<Client, Vec<ConfigProblem>> {
        let mut metadata = self.clients.get(index).cloned().unwrap_or_default();
        let id = metadata.client_id.clone();
        let mut problems = Vec::new();
        let mut fail = |field, problem: String| problems.push(MetadataError { field, problem });
        let mut earlier = self.clients.iter().take(index);
        if earlier.any(|other| other.client_id == id) {
            let what = "there is another client with this client_id; remove or rename one";
            fail("client_id", what.to_owned());
        }
        if let Some(file) = metadata.client_secret_file.take() {
            match std::fs::read_to_string(&file) {
                _ if metadata.client_secret.is_some() => fail(
                    "client_secret_file",
                    "client_secret and client_secret_file are both set; keep one".to_owned(),
                ),
                Ok(text) => metadata.client_secret = Some(Secret::new(first_line(&text))),
                Err(e) => {
                    fail("client_secret_file", format!("{file}: {e}"));
                    // It has one, though it is not known.
                    metadata.client_secret = Some(Secret::new("x".repeat(32)));
                }
            }
        }
        let secret = metadata.client_secret.as_ref();
        // D23: these are public.
        if !self.development && secret.is_some_and(|s| is_demo_secret(s.expose())) {
            let what = "it is the one of cardea dev, which is public; make another with: openssl rand -hex 32";
            fail("client_secret", what.to_owned());
        }
        problems.extend(Client::problems(&metadata));
        match Client::register(metadata, Owner::File, now) {
            Ok(client) if problems.is_empty() => return Ok(client),
            Err(problem) if problems.is_empty() => problems.push(problem),
            _ => {}
        }
        let ids = || self.clients.iter().map(|client| client.client_id.as_str());
        let located = problems.into_iter().map(|e| {
            let key = self.at_entry("clients", ids(), (index, e.field));
            ConfigProblem::new(key, e.to_string())
        });
        Err(located.collect())
    }
}

fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_owned()
}
