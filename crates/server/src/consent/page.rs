use askama::Template;

use super::words::ScopeLine;
use crate::pages::{Person, Shell, csp};

/// The question whether a client may have what it asks for.
#[derive(Template)]
#[template(path = "consent/page.html")]
pub(crate) struct ConsentPage<'a> {
    pub(crate) shell: Shell<'a>,
    /// The sealed ticket.
    pub(crate) ticket: &'a str,
    pub(crate) csrf: &'a str,
    pub(crate) person: Person<'a>,
    pub(crate) client: ClientLine<'a>,
    pub(crate) scopes: Vec<ScopeLine>,
}

/// The client that asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientLine<'a> {
    pub(crate) name: &'a str,
    /// Of its redirect URI; none where that leads to an app on this device.
    pub(crate) host: Option<&'a str>,
    /// Whether another app of the device could take its place.
    pub(crate) native: bool,
}

impl ConsentPage<'_> {
    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT;
}

#[cfg(test)]
impl ConsentPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use super::words::words;
        use crate::pages::HOSTILE;

        let page = |person, client, scopes: &[&str]| Self {
            shell: Shell::sample(),
            ticket: "v1.ticket",
            csrf: "csrf",
            person,
            client,
            scopes: scopes
                .iter()
                .map(|scope| words(scope, Some("api://orders")))
                .collect(),
        };
        let alice = Person {
            name: Some("Alice Liddell"),
            username: "alice",
        };
        let orders = ClientLine {
            name: "Orders",
            host: Some("orders.example.com"),
            native: false,
        };
        let native = ClientLine {
            name: "Orders for the desk",
            host: None,
            native: true,
        };
        let hostile = ClientLine {
            name: HOSTILE,
            host: Some(HOSTILE),
            native: true,
        };
        let all = [
            "openid",
            "profile",
            "email",
            "address",
            "phone",
            "offline_access",
            "orders:read",
        ];
        vec![
            (
                "consent",
                page(
                    alice,
                    orders,
                    &["openid", "profile", "orders:read", "offline_access"],
                ),
            ),
            ("consent_all", page(alice, orders, &all)),
            (
                "consent_native",
                page(alice, native, &["openid", "orders:read"]),
            ),
            (
                "consent_hostile",
                page(
                    Person {
                        name: Some(HOSTILE),
                        username: HOSTILE,
                    },
                    hostile,
                    &[HOSTILE],
                ),
            ),
        ]
    }
}
