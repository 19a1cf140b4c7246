//! What is wrong with a configuration, and where.

use std::{collections::BTreeMap, fmt};

use cardea_web::config::positions;

/// What is wrong with the configuration, and what is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The file with line and column, or the environment variable.
    pub place: Option<String>,
    /// The key or section.
    pub key: String,
    /// What is wrong, and what is expected.
    pub problem: String,
    // Of the key, such as `routes[1].prefix`.
    path: String,
}

/// Everything that is wrong with a configuration; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblems(Vec<ConfigProblem>);

/// Where the keys of a configuration are.
#[derive(Debug, Clone, Default)]
pub struct Places {
    file: String,
    keys: BTreeMap<String, (usize, usize)>,
    variables: Vec<String>,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}: {}", self.key, self.problem)
    }
}

impl std::error::Error for ConfigProblem {}

impl ConfigProblem {
    /// A problem at a key outside of lists.
    pub(crate) fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        let key = key.into();
        Self {
            place: None,
            path: key.clone(),
            key,
            problem: problem.into(),
        }
    }

    /// The same at this path in the file.
    pub(crate) fn at(self, path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            ..self
        }
    }

    pub(crate) fn located(self, places: &Places) -> Self {
        Self {
            place: self.place.clone().or_else(|| places.find(&self.path)),
            ..self
        }
    }
}

impl ConfigProblems {
    /// Each of them, in the order in which they were found.
    #[must_use]
    pub fn problems(&self) -> &[ConfigProblem] {
        &self.0
    }

    pub(crate) fn located(self, places: &Places) -> Self {
        let problems = self.0.into_iter();
        Self(problems.map(|one| one.located(places)).collect())
    }
}

impl From<ConfigProblem> for ConfigProblems {
    fn from(problem: ConfigProblem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [one] = self.0.as_slice() {
            return one.fmt(f);
        }
        write!(f, "the configuration has {} problems:", self.0.len())?;
        self.0.iter().try_for_each(|one| write!(f, "\n  {one}"))
    }
}

impl std::error::Error for ConfigProblems {}

/// Collects the problems of a configuration.
#[derive(Default)]
pub(crate) struct Problems(Vec<ConfigProblem>);

impl Problems {
    pub(crate) fn add(&mut self, problem: ConfigProblem) {
        // What is wrong once may be read several times.
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    /// The value, or its problems are added.
    pub(crate) fn keep<T>(&mut self, result: Result<T, impl Into<ConfigProblems>>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(problems) => {
                problems.into().0.into_iter().for_each(|one| self.add(one));
                None
            }
        }
    }

    /// The value if there was no problem. `None` is a value whose problem was added.
    pub(crate) fn settle<T>(self, value: Option<T>) -> Result<T, ConfigProblems> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(ConfigProblems(self.0)),
        }
    }
}

/// An entry of a list, in problems.
pub(crate) struct Entry {
    name: String,
    path: String,
}

impl Entry {
    /// The entry of a list outside of other lists.
    pub(crate) fn new(list: &str, index: usize, name: &str) -> Self {
        Self {
            name: format!("{list} \"{name}\""),
            path: format!("{list}[{index}]"),
        }
    }

    /// An entry of a list in this entry.
    pub(crate) fn entry(&self, list: &str, index: usize, name: &str) -> Self {
        Self {
            name: format!("{}.{list} \"{name}\"", self.name),
            path: format!("{}.{list}[{index}]", self.path),
        }
    }

    /// A problem at a key of the entry.
    pub(crate) fn problem(&self, key: &str, what: impl Into<String>) -> ConfigProblem {
        ConfigProblem::new(format!("{}.{key}", self.name), what).at(format!("{}.{key}", self.path))
    }

    /// A problem of the entry as a whole.
    pub(crate) fn whole(&self, what: impl Into<String>) -> ConfigProblem {
        ConfigProblem::new(&self.name, what).at(&self.path)
    }
}

impl Places {
    /// The places in a file, some of whose keys are overridden by variables.
    pub(crate) fn of(file: &str, text: &str, environment: &[(String, String)]) -> Self {
        Self {
            file: file.to_owned(),
            keys: positions(text),
            variables: environment.iter().map(|(name, _)| name.clone()).collect(),
        }
    }

    /// The place of a key, else of the section or list that it belongs to, else the file.
    fn find(&self, path: &str) -> Option<String> {
        if self.file.is_empty() {
            return None;
        }
        let variable = format!("CARDEA__{}", path.replace('.', "__").to_uppercase());
        if self.variables.contains(&variable) {
            return Some(variable);
        }
        let mut path = path;
        loop {
            if let Some((line, column)) = self.keys.get(path) {
                return Some(format!("{}:{line}:{column}", self.file));
            }
            match path.rfind(['.', '[']).and_then(|end| path.get(..end)) {
                Some(outer) => path = outer,
                None => return Some(self.file.clone()),
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn n15_a_problem_has_the_place_of_its_key_section_file_or_variable() {
        let text = "hosts = [\"a\", \"b\"]\n[tls]\n  cert_file = \"c\"\n[[routes]]\nprefix = \"/\"\n[[routes]]\nprefix = \"/a\"\n";
        let variables = [("CARDEA__TLS__KEY_FILE".to_owned(), "k".to_owned())];
        let places = Places::of("gateway.toml", text, &variables);
        for (path, place) in [
            ("hosts", "gateway.toml:1:1"),
            ("hosts[1]", "gateway.toml:1:15"),
            ("tls.cert_file", "gateway.toml:3:3"),
            ("tls.client_ca_file", "gateway.toml:2:2"),
            ("tls.key_file", "CARDEA__TLS__KEY_FILE"),
            ("routes[1].prefix", "gateway.toml:7:1"),
            ("routes[0].upstream", "gateway.toml:4:1"),
            ("listen[0]", "gateway.toml"),
        ] {
            assert_eq!(places.find(path).as_deref(), Some(place), "{path}");
        }
        let route = Entry::new("routes", 1, "/a");
        let problem = route.problem("prefix", "wrong").located(&places);
        let shown = "gateway.toml:7:1: routes \"/a\".prefix: wrong";
        assert_eq!(problem.to_string(), shown);
        assert_eq!(problem.clone().located(&Places::default()), problem);
    }

    #[test]
    fn all_problems_are_reported_each_once() {
        let mut problems = Problems::default();
        for key in ["a", "b", "a"] {
            problems.add(ConfigProblem::new(key, "wrong"));
        }
        let shown = problems.settle(Some(())).unwrap_err().to_string();
        assert_eq!(
            shown,
            "the configuration has 2 problems:\n  a: wrong\n  b: wrong"
        );
    }
}
