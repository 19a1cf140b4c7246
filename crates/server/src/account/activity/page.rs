use askama::Template;

use crate::{
    account::{devices::device, frame::Frame},
    i18n::{Key, Message},
    pages::{Shell, When, csp},
};

/// The events of the user's account.
#[derive(Template)]
#[template(path = "account/activity/page.html")]
pub(crate) struct ActivityPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) frame: Frame<'a>,
    /// The newest first.
    pub(crate) events: Vec<EventLine<'a>>,
    /// The cursor of the next page, if there are older events.
    pub(crate) older: Option<i64>,
    /// Whether it is the first page.
    pub(crate) newest: bool,
}

/// An event.
#[derive(Debug, Clone)]
pub(crate) struct EventLine<'a> {
    pub(crate) what: Key,
    /// The name of the application that it is about.
    pub(crate) app: Option<&'a str>,
    pub(crate) when: When,
    pub(crate) author: Author,
    pub(crate) place: Option<Place<'a>>,
}

/// Who caused an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    /// The user, signed in.
    User,
    /// A caller that was not signed in.
    Unknown,
    App,
    Administrator,
    System,
}

/// Where an event was caused.
#[derive(Debug, Clone)]
pub(crate) struct Place<'a> {
    pub(crate) address: Option<String>,
    /// The header as it came.
    pub(crate) user_agent: &'a str,
}

impl ActivityPage<'_> {
    pub(crate) const CSP: &'static str = csp::STAYS;
}

impl EventLine<'_> {
    fn title(&self) -> Key {
        self.what
    }

    /// Who it was, where it was not the user.
    fn by(&self, shell: &Shell<'_>) -> Option<&'static str> {
        let key = match self.author {
            Author::User | Author::Unknown => return None,
            Author::App => Key("activity-by-app"),
            Author::Administrator => Key("activity-by-administrator"),
            Author::System => Key("activity-by-system"),
        };
        Some(shell.t(key))
    }
}

impl Place<'_> {
    /// The device, and the address if it is known.
    fn text(&self, shell: &Shell<'_>) -> Message<'_> {
        let device = device::in_words(shell.lang, self.user_agent);
        match &self.address {
            Some(address) => shell
                .t_with(Key("activity-place"))
                .owned_text("device", device)
                .name("address", address),
            None => shell
                .t_with(Key("activity-device"))
                .owned_text("device", device),
        }
    }
}

#[cfg(test)]
impl ActivityPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::{journey::goal::AccountSection::Activity, pages::HOSTILE};

        let page = |frame, events| Self {
            shell: Shell::sample(),
            frame,
            events,
            older: Some(4711),
            newest: false,
        };
        let hostile = EventLine {
            app: Some(HOSTILE),
            place: Some(Place {
                address: Some(HOSTILE.to_owned()),
                user_agent: HOSTILE,
            }),
            ..EventLine::sample(3, "activity-consent-given", Author::User)
        };
        vec![
            (
                "account_activity",
                page(Frame::sample(Activity), EventLine::samples()),
            ),
            (
                "account_activity_bare",
                Self {
                    older: None,
                    newest: true,
                    ..page(Frame::bare_sample(Activity), Vec::new())
                },
            ),
            (
                "account_activity_hostile",
                page(Frame::hostile_sample(Activity), vec![hostile]),
            ),
        ]
    }
}

#[cfg(test)]
impl EventLine<'static> {
    fn sample(minutes: i64, what: &'static str, author: Author) -> Self {
        let here = matches!(author, Author::User | Author::Unknown);
        Self {
            what: Key(what),
            app: None,
            when: When::sample(minutes),
            author,
            place: here.then(|| Place {
                address: Some("2001:db8:85a3:8d3:1319:8a2e:370:7348".to_owned()),
                user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            }),
        }
    }

    fn samples() -> Vec<Self> {
        let unknown_address = Self {
            place: Some(Place {
                address: None,
                user_agent: "curl/8.14.1",
            }),
            ..Self::sample(130, "activity-login-failed", Author::Unknown)
        };
        let app = Self {
            app: Some("Orders"),
            ..Self::sample(30, "activity-unusual", Author::App)
        };
        vec![
            Self::sample(2, "activity-login", Author::User),
            app,
            unknown_address,
            Self::sample(400, "activity-user-changed", Author::Administrator),
            Self::sample(90_000, "activity-user-added", Author::System),
        ]
    }
}
