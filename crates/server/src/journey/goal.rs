//! What a browser is on its way to (D24).

use cardea_protocol::authorize::AuthorizationRequest;
use serde::{Deserialize, Serialize};

use crate::{app::App, i18n::Key};

/// What a browser is on its way to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Goal {
    /// The answer to an authorization request. The name in the ticket is that of versions before there were other goals.
    #[serde(rename = "request")]
    Authorize(Box<AuthorizationRequest>),
    /// The account page.
    #[serde(rename = "account")]
    Account { return_to: AccountSection },
    /// The page of an invitation, to accept it. The token is not taken from a link to the login page.
    #[serde(rename = "invitation")]
    Invitation { token: String },
}

impl Goal {
    /// Whether the user acts in an organization, if there is one (D27).
    pub(crate) fn wants_organization(&self) -> bool {
        match self {
            Self::Authorize(request) => request.access.scope.wants_organization(),
            Self::Account { .. } | Self::Invitation { .. } => false,
        }
    }
}

/// The page of an invitation.
pub(crate) fn invitation_page(app: &App, token: &str) -> String {
    let page = app.settings.issuer.endpoint("/invitation");
    format!("{page}?token={token}")
}

/// A section of the account, a page. It is a closed choice: no link to the login page can name another address to go to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AccountSection {
    #[default]
    Profile,
    Security,
    Devices,
    Apps,
    Activity,
    /// Below the security.
    Password,
    /// Below the profile.
    Email,
    /// Below the profile.
    Deletion,
    /// Below the profile.
    Export,
}

impl AccountSection {
    const ALL: &[Self] = &[
        Self::Profile,
        Self::Security,
        Self::Devices,
        Self::Apps,
        Self::Activity,
        Self::Email,
        Self::Password,
        Self::Deletion,
        Self::Export,
    ];
    /// Those of the navigation.
    pub(crate) const TABS: &[Self] = &[
        Self::Profile,
        Self::Security,
        Self::Devices,
        Self::Apps,
        Self::Activity,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Security => "security",
            Self::Devices => "devices",
            Self::Apps => "apps",
            Self::Activity => "activity",
            Self::Email => "email",
            Self::Password => "password",
            Self::Deletion => "deletion",
            Self::Export => "export",
        }
    }

    /// The section with this name.
    pub(crate) fn named(word: Option<&str>) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|s| Some(s.as_str()) == word)
    }

    /// Reads the word in a link to the login page. Any other word is the page's beginning.
    pub(crate) fn parse(word: Option<&str>) -> Self {
        Self::named(word).unwrap_or_default()
    }

    /// Its page, below the issuer.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Profile => "/account/profile",
            Self::Security => "/account/security",
            Self::Devices => "/account/devices",
            Self::Apps => "/account/apps",
            Self::Activity => "/account/activity",
            Self::Email => "/account/profile/email",
            Self::Password => "/account/security/password",
            Self::Deletion => "/account/deletion",
            Self::Export => "/account/export",
        }
    }

    /// Its name in the navigation.
    pub(crate) fn title(self) -> Key {
        match self {
            Self::Profile => Key("account-profile"),
            Self::Security => Key("account-security"),
            Self::Devices => Key("account-devices"),
            Self::Apps => Key("account-apps"),
            Self::Activity => Key("account-activity"),
            Self::Email => Key("email-change-title"),
            Self::Password => Key("password-change-title"),
            Self::Deletion => Key("deletion-title"),
            Self::Export => Key("export-title"),
        }
    }

    /// The login page that leads to the section, below the issuer.
    pub(crate) fn login_path(self) -> String {
        match self {
            Self::Profile => "/login".to_owned(),
            other => format!("/login?return_to={}", other.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AccountSection;

    #[test]
    fn a_login_leads_to_the_account_page_only() {
        for section in AccountSection::ALL {
            assert_eq!(AccountSection::parse(Some(section.as_str())), *section);
        }
        for word in [
            None,
            Some(""),
            Some("https://evil.example.test/"),
            Some("//evil.example.test"),
            Some("/\\evil.example.test"),
            Some("devices@evil.example.test"),
            Some("DEVICES"),
            Some("devices\r\nset-cookie: a=b"),
        ] {
            let section = AccountSection::parse(word);
            assert_eq!(section.path(), "/account/profile", "{word:?}");
            assert_eq!(AccountSection::parse(word).login_path(), "/login");
        }
    }
}
