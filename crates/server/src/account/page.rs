use std::borrow::Cow;

use askama::Template;

use super::device::{self, DeviceKind};
use crate::{
    consent::words::ScopeLine,
    i18n::{Key, Markup, Message},
    pages::{AppLine, Shell, UserLine, When, csp},
};

/// The user's profile, sessions and applications. Its forms send `action` (`log_out`, `end_session`,
/// `end_other_sessions`, `revoke`) and `id`.
#[derive(Template)]
#[template(path = "account/page.html")]
pub(crate) struct AccountPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) csrf: &'a str,
    /// What was done just now.
    pub(crate) done: Option<Done>,
    pub(crate) user: UserLine<'a>,
    pub(crate) email: Option<Email<'a>>,
    /// This browser's first.
    pub(crate) sessions: Vec<SessionLine<'a>>,
    pub(crate) applications: Vec<ApplicationLine<'a>>,
}

/// What an action did. It travels in the URL as one of these words, so that no link can put another text on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    SessionEnded,
    OthersEnded,
    AccessRevoked,
}

impl Done {
    const ALL: [Self; 3] = [Self::SessionEnded, Self::OthersEnded, Self::AccessRevoked];

    /// The word in the URL.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::SessionEnded => "session_ended",
            Self::OthersEnded => "others_ended",
            Self::AccessRevoked => "access_revoked",
        }
    }

    /// What the user reads.
    pub(crate) fn key(self) -> Key {
        match self {
            Self::SessionEnded => Key("account-done-session"),
            Self::OthersEnded => Key("account-done-others"),
            Self::AccessRevoked => Key("account-done-revoked"),
        }
    }

    /// Reads the word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.as_str() == word)
    }
}

/// An address, and whether it was verified.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Email<'a> {
    pub(crate) address: &'a str,
    pub(crate) verified: bool,
}

/// A browser in which the user is signed in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionLine<'a> {
    /// What the form sends back; not the cookie.
    pub(crate) id: &'a str,
    /// Whether it is the browser that asks.
    pub(crate) current: bool,
    pub(crate) started: When,
    pub(crate) last_seen: When,
    pub(crate) address: &'a str,
    /// The header as it came.
    pub(crate) user_agent: &'a str,
}

/// A client that the user gave access.
#[derive(Debug, Clone)]
pub(crate) struct ApplicationLine<'a> {
    /// What the form sends back.
    pub(crate) id: &'a str,
    pub(crate) client_name: &'a str,
    pub(crate) logo: Option<String>,
    pub(crate) scopes: Vec<ScopeLine>,
    pub(crate) last_used: Option<When>,
    /// Design D11 (3): refreshes with the token before, late or from elsewhere.
    pub(crate) late_retries: Vec<When>,
}

impl AccountPage<'_> {
    pub(crate) const CSP: &'static str = csp::STAYS;
}

impl SessionLine<'_> {
    fn device(&self, shell: &Shell<'_>) -> Cow<'static, str> {
        device::in_words(shell.lang, self.user_agent)
    }

    /// When the session was last used, and from where.
    fn active(&self, shell: &Shell<'_>) -> Message<'static> {
        let address = Markup::new("<span class=\"address\">", self.address, "</span>");
        shell
            .t_with("account-active")
            .markup("when", self.last_seen.time(shell))
            .markup("address", address)
    }

    /// Which session a button ends.
    fn which(&self, shell: &Shell<'_>) -> Message<'static> {
        shell
            .t_with("account-sign-out-which")
            .owned_text("device", self.device(shell))
            .owned_text("when", self.last_seen.words(shell))
    }

    fn device_kind(&self) -> DeviceKind {
        device::kind(self.user_agent)
    }
}

impl ApplicationLine<'_> {
    fn initial(&self) -> String {
        AppLine {
            name: self.client_name,
            logo: None,
        }
        .initial()
    }
}

#[cfg(test)]
impl AccountPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let shell = Shell::sample();
        let alice = UserLine {
            name: Some("Alice Liddell"),
            username: "alice",
        };
        let page = Self {
            shell,
            csrf: "csrf",
            done: Some(Done::AccessRevoked),
            user: alice,
            email: Some(Email {
                address: "alice@example.test",
                verified: true,
            }),
            sessions: SessionLine::samples(),
            applications: ApplicationLine::samples(),
        };
        let bare = Self {
            shell: Shell {
                base: "/auth",
                ..Shell::development_sample()
            },
            csrf: "csrf",
            done: None,
            user: UserLine {
                name: None,
                username: "bob",
            },
            email: None,
            sessions: SessionLine::samples().into_iter().take(1).collect(),
            applications: Vec::new(),
        };
        vec![
            ("account", page),
            ("account_bare", bare),
            ("account_hostile", Self::hostile_sample()),
        ]
    }

    fn hostile_sample() -> Self {
        use crate::consent::words::words;
        use crate::pages::HOSTILE;

        let ago = When::sample;
        let session = SessionLine {
            id: HOSTILE,
            current: false,
            started: ago(90),
            last_seen: ago(2),
            address: HOSTILE,
            user_agent: HOSTILE,
        };
        let application = ApplicationLine {
            id: HOSTILE,
            client_name: HOSTILE,
            logo: None,
            scopes: vec![words(Shell::sample().lang, HOSTILE, Some(HOSTILE))],
            last_used: None,
            late_retries: vec![ago(2)],
        };
        Self {
            shell: Shell::sample(),
            csrf: HOSTILE,
            done: None,
            user: UserLine {
                name: Some(HOSTILE),
                username: HOSTILE,
            },
            email: Some(Email {
                address: HOSTILE,
                verified: false,
            }),
            sessions: vec![session],
            applications: vec![application],
        }
    }
}

#[cfg(test)]
impl SessionLine<'static> {
    fn samples() -> Vec<Self> {
        let ago = When::sample;
        vec![
            Self {
                id: "s1",
                current: true,
                started: ago(47),
                last_seen: ago(0),
                address: "203.0.113.7",
                user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            },
            Self {
                id: "s2",
                current: false,
                started: ago(400),
                last_seen: ago(130),
                address: "2001:db8:85a3:8d3:1319:8a2e:370:7348",
                user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
                             (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
            },
        ]
    }
}

#[cfg(test)]
impl ApplicationLine<'static> {
    fn samples() -> Vec<Self> {
        use crate::consent::words::words;

        let ago = When::sample;
        let lang = Shell::sample().lang;
        let scopes = |names: &[&str]| {
            names
                .iter()
                .map(|name| words(lang, name, Some("api://orders")))
                .collect()
        };
        vec![
            Self {
                id: "c1",
                client_name: "Orders",
                logo: None,
                scopes: scopes(&["openid", "profile", "orders:read", "offline_access"]),
                last_used: Some(ago(12)),
                late_retries: vec![ago(60 * 26)],
            },
            Self {
                id: "c2",
                client_name: "Calculator",
                logo: None,
                scopes: scopes(&["openid", "email"]),
                last_used: Some(ago(60 * 24 * 30)),
                late_retries: Vec::new(),
            },
        ]
    }
}
