use cardea_protocol::scope::{OFFLINE_ACCESS, OPENID, ROLES};

/// A scope in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScopeLine {
    /// The scope itself, as the client asked for it.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) detail: String,
    /// Whether a person should look twice.
    pub(crate) sensitive: bool,
}

/// What a scope means to the person who is asked. A scope of an API is shown as it is written, with the API's audience:
/// only its makers know what it does, and a guess could promise too little.
pub(crate) fn words(scope: &str, audience: Option<&str>) -> ScopeLine {
    let (title, detail, sensitive) = match scope {
        OPENID => (
            "Know that it is you",
            "An identifier that stays the same each time you log in",
            false,
        ),
        "profile" => (
            "See your profile",
            "Your name, user name and what else you have put there",
            false,
        ),
        "email" => (
            "See your email address",
            "And whether it has been confirmed",
            false,
        ),
        "address" => (
            "See your postal address",
            "Street, town and country, as far as they are known",
            true,
        ),
        "phone" => (
            "See your phone number",
            "And whether it has been confirmed",
            true,
        ),
        ROLES => (
            "See your roles",
            "What you are here, such as user or administrator",
            false,
        ),
        OFFLINE_ACCESS => (
            "Keep this access when you are away",
            "Also after you log out, until you revoke it on your account page",
            true,
        ),
        api => return api_words(api, audience),
    };
    ScopeLine {
        name: scope.to_owned(),
        title: title.to_owned(),
        detail: detail.to_owned(),
        sensitive,
    }
}

fn api_words(scope: &str, audience: Option<&str>) -> ScopeLine {
    let detail = match audience {
        Some(audience) => format!("Use {audience} in your name, with this permission"),
        None => "Act in your name, with this permission".to_owned(),
    };
    ScopeLine {
        name: scope.to_owned(),
        title: scope.to_owned(),
        detail,
        sensitive: false,
    }
}

#[cfg(test)]
mod tests {
    use cardea_protocol::scope::STANDARD;

    use super::words;

    #[test]
    fn every_standard_scope_has_words() {
        for scope in STANDARD {
            let line = words(scope, None);
            assert_eq!(line.name, scope);
            assert_ne!(line.title, scope, "{scope} is said in words");
            assert!(!line.detail.is_empty());
        }
    }

    #[test]
    fn a_scope_of_an_api_is_shown_as_it_is_with_its_audience() {
        let line = words("orders:read", Some("api://orders"));
        assert_eq!(line.title, "orders:read");
        assert!(line.detail.contains("api://orders"));
        assert_eq!(words("x", None).title, "x");
    }

    #[test]
    fn lasting_access_asks_for_a_second_look() {
        assert!(words("offline_access", None).sensitive);
        assert!(!words("openid", None).sensitive);
    }
}
