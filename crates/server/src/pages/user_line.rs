use cardea_protocol::model::User;

/// The user that a page is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UserLine<'a> {
    /// The full name, when it is known.
    pub(crate) name: Option<&'a str>,
    /// The name to sign in with.
    pub(crate) username: &'a str,
}

impl<'a> UserLine<'a> {
    /// Of a user.
    pub(crate) fn of(user: &'a User) -> Self {
        Self {
            name: user.claims.get("name").and_then(serde_json::Value::as_str),
            username: user.username.as_str(),
        }
    }

    /// The full name, or else the user name.
    pub(crate) fn display_name(&self) -> &str {
        self.name
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .unwrap_or(self.username)
    }

    /// The user name, where it isn't what [`Self::display_name`] shows.
    pub(crate) fn username_beside_name(&self) -> Option<&str> {
        Some(self.username).filter(|username| *username != self.display_name())
    }

    /// The first letter, for the round badge.
    pub(crate) fn initial(&self) -> String {
        initial(self.display_name())
    }
}

/// The first letter of a name.
pub(super) fn initial(name: &str) -> String {
    name.chars()
        .find(|c| c.is_alphanumeric())
        .map_or_else(|| "?".to_owned(), |c| c.to_uppercase().collect())
}

#[cfg(test)]
mod tests {
    use super::UserLine;

    #[test]
    fn a_user_without_a_name_is_shown_by_user_name() {
        let user = UserLine {
            name: Some("  "),
            username: "alice",
        };
        assert_eq!(user.display_name(), "alice");
        assert_eq!(user.username_beside_name(), None);
        assert_eq!(user.initial(), "A");
    }

    #[test]
    fn a_name_of_signs_has_an_initial_too() {
        assert_eq!(
            UserLine {
                name: None,
                username: "<'>"
            }
            .initial(),
            "?"
        );
        assert_eq!(
            UserLine {
                name: Some("\"élan"),
                username: "x"
            }
            .initial(),
            "É"
        );
    }
}
