use std::borrow::Cow;

use cardea_protocol::language::Lang;

use crate::i18n::{self, Key};

/// Browsers by what only they say; the first that fits, since most also claim to be Chrome or Safari.
const BROWSERS: [(&str, &str); 10] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
];

/// Systems: Android also says Linux, an iPhone also says Mac OS X.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
];

/// Which picture stands beside a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeviceKind {
    Desktop,
    Phone,
    Tablet,
    /// A command-line program.
    Program,
    Unknown,
}

/// The kind of device that a `User-Agent` claims. A phone on Android says `Mobile`, a tablet does not.
pub(super) fn kind(user_agent: &str) -> DeviceKind {
    match first(&SYSTEMS, user_agent) {
        Some("iPhone") => DeviceKind::Phone,
        Some("iPad") => DeviceKind::Tablet,
        Some("Android") if user_agent.contains("Mobile") => DeviceKind::Phone,
        Some("Android") => DeviceKind::Tablet,
        Some(_) => DeviceKind::Desktop,
        None if user_agent.starts_with("curl/") => DeviceKind::Program,
        None => DeviceKind::Unknown,
    }
}

/// "Firefox on Linux": enough for users to recognize their own device. Nothing of the header itself is shown.
pub(crate) fn in_words(lang: Lang, user_agent: &str) -> Cow<'static, str> {
    match (first(&BROWSERS, user_agent), first(&SYSTEMS, user_agent)) {
        (Some(browser), Some(system)) => {
            let both = i18n::t_with(lang, Key("account-browser-on"));
            let both = both.text("browser", browser).text("system", system);
            both.plain().into()
        }
        (Some(browser), None) => browser.into(),
        (None, Some(system)) => {
            let some = i18n::t_with(lang, Key("account-some-browser-on"));
            some.text("system", system).plain().into()
        }
        (None, None) => i18n::t(lang, Key("account-unknown-browser")).into(),
    }
}

fn first(known: &[(&'static str, &'static str)], user_agent: &str) -> Option<&'static str> {
    known
        .iter()
        .find(|(sign, _)| user_agent.contains(sign))
        .map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use cardea_protocol::language::Lang;

    use super::{DeviceKind, in_words, kind};

    #[test]
    fn the_picture_shows_the_kind_of_device() {
        for (user_agent, expected) in [
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)",
                DeviceKind::Phone,
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X)",
                DeviceKind::Tablet,
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) Chrome/138.0.0.0 Mobile Safari/537.36",
                DeviceKind::Phone,
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) Chrome/138.0.0.0 Safari/537.36",
                DeviceKind::Tablet,
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                DeviceKind::Desktop,
            ),
            ("curl/8.14.1", DeviceKind::Program),
            ("", DeviceKind::Unknown),
        ] {
            assert_eq!(kind(user_agent), expected, "{user_agent}");
        }
    }

    #[test]
    fn common_browsers_are_known_by_name() {
        let safari = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15";
        let chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36";
        for (user_agent, words) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Linux",
            ),
            (
                &*format!("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {safari}"),
                "Safari on Mac",
            ),
            (
                &*format!("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {safari}"),
                "Safari on iPhone",
            ),
            (
                &*format!("Mozilla/5.0 (Linux; Android 10; K) {chrome}"),
                "Chrome on Android",
            ),
            (
                &*format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {chrome}"),
                "Chrome on Windows",
            ),
            (
                &*format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {chrome} Edg/138.0"),
                "Edge on Windows",
            ),
            ("curl/8.14.1", "curl"),
        ] {
            assert_eq!(in_words(Lang::En, user_agent), words, "{user_agent}");
        }
    }

    #[test]
    fn a_strange_header_is_not_repeated() {
        assert_eq!(in_words(Lang::En, ""), "An unknown browser");
        assert_eq!(
            in_words(Lang::En, "<script>alert(1)</script>"),
            "An unknown browser"
        );
        assert_eq!(in_words(Lang::En, "Windows <b>"), "A browser on Windows");
    }
}
