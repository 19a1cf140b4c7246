//! Who can make an account.

use cardea_protocol::mail::EmailAddress;
use schemars::JsonSchema;
use serde::Deserialize;

use super::problem::ConfigProblem;

/// Who can make an account.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SignUpConfig {
    /// `off`: only operators add users. `invite`: also users who were invited. `open`: everyone who confirms an e-mail address, for
    /// which `[mail]` is needed.
    pub mode: SignUpMode,
    /// If any are listed, only addresses of these domains can sign up, such as `example.com`. It does not include subdomains.
    pub domains: Vec<String>,
}

/// Who can make an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignUpMode {
    /// Only operators add users.
    #[default]
    Off,
    /// Users who were invited.
    Invite,
    /// Everyone who confirms an e-mail address.
    Open,
}

/// Who can make an account, checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct SignUp {
    pub(crate) mode: SignUpMode,
    /// In ASCII and lower case.
    domains: Vec<String>,
}

impl SignUpConfig {
    pub(super) fn read(&self) -> Result<SignUp, Vec<ConfigProblem>> {
        let (mut domains, mut problems) = (Vec::new(), Vec::new());
        for domain in &self.domains {
            match EmailAddress::parse(&format!("a@{domain}")) {
                Ok(address) => domains.push(address.domain().to_owned()),
                Err(_) => problems.push(ConfigProblem::new(
                    "sign_up.domains",
                    format!("\"{domain}\" is not a domain name such as example.com"),
                )),
            }
        }
        match problems.is_empty() {
            true => Ok(SignUp {
                mode: self.mode,
                domains,
            }),
            false => Err(problems),
        }
    }
}

impl SignUp {
    /// Whether a stranger can sign up.
    pub(crate) fn is_open(&self) -> bool {
        self.mode == SignUpMode::Open
    }

    /// Whether an address may sign up.
    pub(crate) fn allows(&self, address: &EmailAddress) -> bool {
        let same = |domain: &String| domain == address.domain();
        self.domains.is_empty() || self.domains.iter().any(same)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn config(domains: &[&str]) -> SignUpConfig {
        SignUpConfig {
            mode: SignUpMode::Open,
            domains: domains.iter().map(|&domain| domain.to_owned()).collect(),
        }
    }

    #[test]
    fn only_addresses_of_the_listed_domains_may_sign_up() {
        let allows = |domains: &[&str], address| {
            let sign_up = config(domains).read().unwrap();
            sign_up.allows(&EmailAddress::parse(address).unwrap())
        };
        assert!(allows(&[], "alice@example.com"));
        let listed = ["Example.com", "m\u{fc}nchen.example"];
        assert!(allows(&listed, "alice@EXAMPLE.com"));
        assert!(allows(&listed, "alice@xn--mnchen-3ya.example"));
        for other in [
            "alice@mail.example.com",
            "alice@example.com.evil.example",
            "alice@notexample.com",
        ] {
            assert!(!allows(&listed, other), "{other}");
        }
    }

    #[test]
    fn a_wrong_domain_is_named() {
        for domain in [
            "",
            "@example.com",
            "alice@example.com",
            "*.example.com",
            "a b",
        ] {
            let problem = config(&[domain]).read().unwrap_err().remove(0);
            assert!(problem.problem.contains(domain), "{problem}");
        }
        assert_eq!(SignUpConfig::default().mode, SignUpMode::Off);
    }
}
