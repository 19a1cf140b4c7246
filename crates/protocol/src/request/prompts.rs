//! The parameter `prompt` (OpenID Core §3.1.2.1).

use serde::{Deserialize, Serialize};

use crate::error::OAuthError;

/// OpenID Core §3.1.2.1, `prompt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prompt {
    /// Show nothing.
    None,
    /// Ask for the password again.
    Login,
    /// Ask for consent again.
    Consent,
    /// Let the user choose the account.
    SelectAccount,
    /// OpenID Initiating User Registration 1.0 §2: let the user sign up.
    Create,
}

/// The set of prompts asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Prompts(Vec<Prompt>);

impl Prompts {
    /// Whether this one was asked for.
    #[must_use]
    pub fn has(&self, prompt: Prompt) -> bool {
        self.0.contains(&prompt)
    }

    /// Whether no prompt was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses what the provider does not offer.
    pub(crate) fn offered(self, sign_up: bool) -> Result<Self, OAuthError> {
        match self.has(Prompt::Create) && !sign_up {
            true => Err(Self::unknown()),
            false => Ok(self),
        }
    }

    fn unknown() -> OAuthError {
        OAuthError::invalid_request(
            "prompt has an unknown value; known are none, login, consent, select_account",
        )
    }

    pub(crate) fn parse(text: &str) -> Result<Self, OAuthError> {
        let mut prompts = Vec::new();
        for word in text.split(' ').filter(|w| !w.is_empty()) {
            let prompt = match word {
                "none" => Prompt::None,
                "login" => Prompt::Login,
                "consent" => Prompt::Consent,
                "select_account" => Prompt::SelectAccount,
                "create" => Prompt::Create,
                _ => return Err(Self::unknown()),
            };
            if !prompts.contains(&prompt) {
                prompts.push(prompt);
            }
        }
        // OpenID Core §3.1.2.1: none with any other value is an error.
        if prompts.contains(&Prompt::None) && prompts.len() > 1 {
            return Err(OAuthError::invalid_request(
                "prompt=none can't be combined with another value",
            ));
        }
        Ok(Self(prompts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn create_is_known_only_where_users_can_sign_up() {
        let asked = || Prompts::parse("create login").unwrap();
        assert!(asked().offered(true).unwrap().has(Prompt::Create));
        assert!(asked().offered(false).is_err());
        assert!(Prompts::parse("login").unwrap().offered(false).is_ok());
    }

    #[test]
    fn prompts_are_a_set_of_known_words() {
        assert!(
            Prompts::parse("login consent")
                .unwrap()
                .has(Prompt::Consent)
        );
        assert!(Prompts::parse("none login").is_err());
        assert!(Prompts::parse("register").is_err());
        assert!(Prompts::parse("none create").is_err());
        assert!(Prompts::parse("none none").unwrap().has(Prompt::None));
    }
}
