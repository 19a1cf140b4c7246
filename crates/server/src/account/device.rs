use std::borrow::Cow;

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

/// "Firefox on Linux": enough for a person to know their own device. Nothing of the header itself is shown.
pub(super) fn in_words(user_agent: &str) -> Cow<'static, str> {
    match (first(&BROWSERS, user_agent), first(&SYSTEMS, user_agent)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}").into(),
        (Some(browser), None) => browser.into(),
        (None, Some(system)) => format!("A browser on {system}").into(),
        (None, None) => "An unknown browser".into(),
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
    use super::in_words;

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
            assert_eq!(in_words(user_agent), words, "{user_agent}");
        }
    }

    #[test]
    fn a_strange_header_is_not_repeated() {
        assert_eq!(in_words(""), "An unknown browser");
        assert_eq!(in_words("<script>alert(1)</script>"), "An unknown browser");
        assert_eq!(in_words("Windows <b>"), "A browser on Windows");
    }
}
