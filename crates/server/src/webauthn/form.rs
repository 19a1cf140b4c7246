//! What the pages show of a ceremony.

/// A form for the page of a sign-in, which the script fills with the browser's answer. `webauthn/form.html` reads it as `passkey`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PasskeyForm {
    /// The sealed ticket.
    pub(crate) ticket: String,
    pub(crate) challenge: Challenge,
    /// Whether the browser offers passkeys in the field of the user name too.
    pub(crate) conditional: bool,
    /// Whether it is what the page is for.
    pub(crate) primary: bool,
}

/// What the browser is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// The CSRF token of the form.
    pub(crate) csrf: String,
    /// The sealed challenge.
    pub(crate) sealed: String,
    /// The options for the browser, as JSON.
    pub(crate) options: String,
}

#[cfg(test)]
impl PasskeyForm {
    pub(crate) fn sample(conditional: bool, primary: bool) -> Self {
        Self {
            ticket: "v1.ticket".to_owned(),
            challenge: Challenge::sample(),
            conditional,
            primary,
        }
    }
}

#[cfg(test)]
impl Challenge {
    pub(crate) fn sample() -> Self {
        let options = serde_json::json!({"challenge": "AAAA", "rpId": crate::pages::HOSTILE});
        Self {
            csrf: "csrf".to_owned(),
            sealed: "v1.challenge".to_owned(),
            options: options.to_string(),
        }
    }
}
