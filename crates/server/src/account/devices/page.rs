use std::borrow::Cow;

use askama::Template;
use jiff::civil::Date;

use super::device::{self, DeviceKind};
use crate::{
    account::frame::Frame,
    i18n::{self, Markup, Message},
    pages::{Shell, When, csp},
};

/// The user's sessions. Its forms send `action` (`end_session`, `end_other_sessions`) and `id`.
#[derive(Template)]
#[template(path = "account/devices/page.html")]
pub(crate) struct DevicesPage<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) frame: Frame<'a>,
    /// This browser's first.
    pub(crate) sessions: Vec<SessionLine<'a>>,
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
    /// The day on which it ends, if the user asked to stay signed in.
    pub(crate) remembered_until: Option<Date>,
}

impl DevicesPage<'_> {
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

    /// Until when the user stays signed in.
    fn remembered(&self, shell: &Shell<'_>) -> Option<Message<'static>> {
        let day = i18n::date(shell.lang, self.remembered_until?);
        Some(shell.t_with("account-remembered").owned_text("day", day))
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

#[cfg(test)]
impl DevicesPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::{journey::goal::AccountSection::Devices, pages::HOSTILE};

        let ago = When::sample;
        let session = SessionLine {
            id: HOSTILE,
            current: false,
            started: ago(90),
            last_seen: ago(2),
            address: HOSTILE,
            user_agent: HOSTILE,
            remembered_until: None,
        };
        let page = |frame, sessions| Self {
            shell: Shell::sample(),
            frame,
            sessions,
        };
        let one = SessionLine::samples().into_iter().take(1).collect();
        vec![
            (
                "account_devices",
                page(Frame::sample(Devices), SessionLine::samples()),
            ),
            (
                "account_devices_bare",
                page(Frame::bare_sample(Devices), one),
            ),
            (
                "account_devices_hostile",
                page(Frame::hostile_sample(Devices), vec![session]),
            ),
        ]
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
                remembered_until: None,
            },
            Self {
                id: "s2",
                current: false,
                started: ago(400),
                last_seen: ago(130),
                address: "2001:db8:85a3:8d3:1319:8a2e:370:7348",
                user_agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
                             (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
                remembered_until: Some(Date::constant(2030, 3, 17)),
            },
        ]
    }
}
