use askama::Template;

use super::words::Asked;
use crate::{
    i18n::Markup,
    pages::{AppLine, Shell, UserLine, csp},
};

/// The question whether a client may have what it asks for.
#[derive(Template)]
#[template(path = "consent/page.html")]
pub(crate) struct ConsentPage<'a> {
    pub(crate) shell: Shell<'a>,
    /// The sealed ticket.
    pub(crate) ticket: &'a str,
    pub(crate) csrf: &'a str,
    /// Whether the user's sign-in changed since an earlier page was answered.
    pub(crate) again: bool,
    pub(crate) user: UserLine<'a>,
    /// The organization that the user acts for.
    pub(crate) organization: Option<&'a str>,
    pub(crate) app: AskingApp<'a>,
    pub(crate) asked: Asked,
}

/// The client that asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AskingApp<'a> {
    pub(crate) name: &'a str,
    pub(crate) logo: Option<&'a str>,
    /// The client's privacy policy (RFC 7591 §2).
    pub(crate) policy_uri: Option<&'a str>,
    /// The client's terms of service (RFC 7591 §2).
    pub(crate) tos_uri: Option<&'a str>,
    /// Of its redirect URI; none where that leads to an app on this device.
    pub(crate) host: Option<&'a str>,
    /// Whether another app of the device could take its place.
    pub(crate) native: bool,
}

impl AskingApp<'_> {
    fn host_markup(host: &str) -> Markup {
        Markup::new("<bdi class=\"host\">", host, "</bdi>")
    }

    fn initial(&self) -> String {
        AppLine {
            name: self.name,
            logo: self.logo,
        }
        .initial()
    }
}

impl ConsentPage<'_> {
    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT;
}

#[cfg(test)]
impl ConsentPage<'static> {
    fn sample(user: UserLine<'static>, app: AskingApp<'static>, scopes: &[&'static str]) -> Self {
        use super::words::{AskedScope, asked};

        Self {
            shell: Shell::sample(),
            ticket: "v1.ticket",
            csrf: "csrf",
            again: false,
            user,
            organization: None,
            app,
            asked: asked(
                Shell::sample().lang,
                scopes.iter().map(|name| AskedScope {
                    name,
                    api: Some("api://orders"),
                    title: None,
                    description: None,
                }),
            ),
        }
    }

    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        use crate::pages::HOSTILE;

        let page = Self::sample;
        let alice = UserLine {
            name: Some("Alice Liddell"),
            username: "alice",
        };
        let orders = AskingApp {
            name: "Orders",
            logo: None,
            policy_uri: Some("https://orders.example.com/privacy"),
            tos_uri: Some("https://orders.example.com/terms"),
            host: Some("orders.example.com"),
            native: false,
        };
        let native = AskingApp {
            name: "Orders for the desk",
            policy_uri: None,
            tos_uri: None,
            host: None,
            native: true,
            ..orders
        };
        let hostile = AskingApp {
            name: HOSTILE,
            host: Some(HOSTILE),
            ..native
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
        let mut for_acme = page(alice, orders, &["openid", "organization", "tenants:admin"]);
        for_acme.organization = Some("Acme");
        let mut for_hostile = page(alice, orders, &["openid", "organization"]);
        for_hostile.organization = Some(HOSTILE);
        vec![
            ("consent_organization", for_acme),
            ("consent_organization_hostile", for_hostile),
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
                    UserLine {
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
