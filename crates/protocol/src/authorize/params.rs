//! A checked request as the parameters it came with, to be checked again.

use super::AuthorizationRequest;
use crate::request::{Prompt, ResponseMode};

impl AuthorizationRequest {
    /// The parameters of the same request. A user required by an `id_token_hint` is not among them.
    #[must_use]
    pub fn params(&self) -> Vec<(String, String)> {
        let (access, path) = (&self.access, &self.return_path);
        let mode = match path.response_mode {
            ResponseMode::Query => None,
            ResponseMode::FormPost => Some("form_post".to_owned()),
        };
        let given = path.redirect_uri_given.then(|| path.redirect_uri.clone());
        let challenge = path.challenge.as_ref().map(|c| c.as_str().to_owned());
        let claims = (!access.claims.is_empty()).then(|| access.claims.to_param());
        let optional = [
            ("redirect_uri", given),
            ("response_mode", mode),
            ("state", path.state.clone()),
            ("nonce", path.nonce.clone()),
            (
                "code_challenge_method",
                challenge.as_ref().map(|_| "S256".to_owned()),
            ),
            ("code_challenge", challenge),
            ("max_age", access.max_age.map(|age| age.to_string())),
            ("login_hint", access.login_hint.clone()),
            ("organization", access.organization.clone()),
            ("claims", claims),
            ("acr_values", Some(access.acr_values.join(" "))),
            ("prompt", Some(self.prompts())),
            ("ui_locales", self.language.map(|l| l.to_string())),
            ("scope", Some(access.scope.to_string())),
        ];
        let mut params = vec![
            ("client_id".to_owned(), access.client_id.as_str().to_owned()),
            ("response_type".to_owned(), "code".to_owned()),
        ];
        params.extend(optional.into_iter().filter_map(|(name, value)| {
            let value = value.filter(|v| !v.is_empty())?;
            Some((name.to_owned(), value))
        }));
        let resources = access.resources.iter();
        params.extend(resources.map(|r| ("resource".to_owned(), r.to_string())));
        params
    }

    fn prompts(&self) -> String {
        let known = [
            (Prompt::None, "none"),
            (Prompt::Login, "login"),
            (Prompt::Consent, "consent"),
            (Prompt::SelectAccount, "select_account"),
            (Prompt::Create, "create"),
        ];
        let asked = known.iter().filter(|(prompt, _)| self.prompt.has(*prompt));
        asked.map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
    }
}
