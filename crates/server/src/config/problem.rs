use std::fmt;

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

/// How many problems are printed.
const SHOWN: usize = 20;

/// All that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblems(Vec<ConfigProblem>);

impl ConfigProblems {
    /// `Err` with the problems if there are some.
    ///
    /// # Errors
    /// If there is a problem.
    pub fn none_of(problems: Vec<ConfigProblem>) -> Result<(), Self> {
        match problems.is_empty() {
            true => Ok(()),
            false => Err(Self(problems)),
        }
    }
}

impl From<ConfigProblem> for ConfigProblems {
    fn from(problem: ConfigProblem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [problem] = self.0.as_slice() {
            return problem.fmt(f);
        }
        write!(f, "the configuration has {} problems:", self.0.len())?;
        for problem in self.0.iter().take(SHOWN) {
            write!(f, "\n  {problem}")?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

impl std::error::Error for ConfigProblems {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c3_problems_are_listed_and_bounded() {
        let problems = |count: usize| {
            let all = (0..count).map(|i| ConfigProblem::new(format!("k{i}"), "wrong"));
            ConfigProblems::none_of(all.collect())
        };
        assert!(problems(0).is_ok());
        assert_eq!(problems(1).unwrap_err().to_string(), "k0: wrong");
        let two = "the configuration has 2 problems:\n  k0: wrong\n  k1: wrong";
        assert_eq!(problems(2).unwrap_err().to_string(), two);
        let many = problems(25).unwrap_err().to_string();
        assert!(
            many.contains("25 problems") && many.ends_with("\n  and 5 more"),
            "{many}"
        );
        assert_eq!(many.lines().count(), 22);
    }
}
