//! Where things stand in the configuration file, for whoever is told to change them there.

use std::collections::BTreeMap;

use cardea_web::config::lines;

/// The file, and the lines of its clients.
#[derive(Debug, Clone, Default)]
pub struct Places {
    file: String,
    clients: BTreeMap<String, usize>,
}

impl Places {
    /// Of a file by this name with this text.
    #[must_use]
    pub fn of(file: &str, text: &str) -> Self {
        Self {
            file: file.to_owned(),
            clients: lines(text, "clients", "client_id").into_iter().collect(),
        }
    }

    /// ` (cardea.toml:12)`, or as much of it as is known.
    pub(crate) fn client(&self, id: &str) -> String {
        match (self.file.as_str(), self.clients.get(id)) {
            ("", _) => String::new(),
            (file, None) => format!(" ({file})"),
            (file, Some(line)) => format!(" ({file}:{line})"),
        }
    }
}
