/// What is wrong with the configuration, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct ConfigProblem {
    /// The key or section.
    pub key: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl ConfigProblem {
    /// A problem at a key.
    pub fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            problem: problem.into(),
        }
    }
}
