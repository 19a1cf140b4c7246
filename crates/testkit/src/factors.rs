//! An authenticator app, and the pages of the second factor.

use cardea_protocol::totp::TotpSecret;

use crate::{Browser, Page, TestServer};

/// An authenticator app that has scanned a key.
pub struct App(TotpSecret);

impl App {
    /// Reads the key that a page shows.
    #[must_use]
    pub fn scan(page: &Page) -> Self {
        let html = page.text();
        let (_, rest) = html.split_once("class=\"secret\">").expect("a key");
        let (key, _) = rest.split_once("</code>").expect("its end");
        let key: String = without_tags(key);
        Self(TotpSecret::from_slice(&base32(&key)).expect("20 bytes"))
    }

    /// The code that it shows now.
    #[must_use]
    pub fn code(&self, server: &TestServer) -> String {
        self.0.code(server.cause().now)
    }
}

fn without_tags(html: &str) -> String {
    let mut inside = false;
    let kept = html.chars().filter(|c| match c {
        '<' => {
            inside = true;
            false
        }
        '>' => {
            inside = false;
            false
        }
        c => !inside && !c.is_whitespace(),
    });
    kept.collect()
}

fn base32(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for c in text.chars() {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).expect("base32");
        (bits, count) = (
            (bits << 5) | u32::try_from(value).expect("5 bits"),
            count + 5,
        );
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 255).expect("8 bits"));
        }
    }
    bytes
}

/// The backup codes that a page shows.
#[must_use]
pub fn backup_codes(page: &Page) -> Vec<String> {
    let html = page.text();
    let (_, list) = html
        .split_once("class=\"codes\">")
        .expect("a list of codes");
    let (list, _) = list.split_once("</ol>").expect("its end");
    let items = list.split("<code>").skip(1);
    items
        .map(|item| item.split("</code>").next().expect("a code").to_owned())
        .collect()
}

/// Enters a code where a page asks for one, without trusting the device.
pub async fn enter(browser: &mut Browser<'_>, page: &Page, code: &str) -> Page {
    let form = page.forms().into_iter().next().expect("a form");
    let form = form.without("trust");
    browser.submit(page, form, &[("code", code)]).await
}

/// The link of a page with these words at its beginning, followed.
pub async fn follow(browser: &mut Browser<'_>, page: &Page, href: &str) -> Page {
    let html = page.text();
    let start = html.find(&format!("href=\"{href}")).expect("a link") + 6;
    let link = html[start..].split('"').next().expect("its end");
    let link = link.replace("&amp;", "&").replace("&#38;", "&");
    let url = browser.server().url(&link);
    browser.open(&url).await
}
