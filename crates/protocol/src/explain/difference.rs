//! Where two values differ, in the words of someone who has to mend one of them.

use url::Url;

/// Says where `sent` differs from `registered`.
#[must_use]
pub fn difference(sent: &str, registered: &str) -> String {
    if sent == registered {
        return "they are equal".to_owned();
    }
    if sent.trim() == registered {
        return "white space at the beginning or end".to_owned();
    }
    if let Some(what) = of_urls(sent, registered) {
        return what;
    }
    if sent.eq_ignore_ascii_case(registered) {
        return "upper and lower case differ".to_owned();
    }
    if sent.strip_suffix('/') == Some(registered) || registered.strip_suffix('/') == Some(sent) {
        return "a trailing slash".to_owned();
    }
    first_difference(sent, registered)
}

fn first_difference(sent: &str, registered: &str) -> String {
    let same = sent
        .chars()
        .zip(registered.chars())
        .take_while(|(a, b)| a == b)
        .count();
    format!("from character {} on", same.saturating_add(1))
}

/// The parts of two URLs that differ. `None` when one is no URL, or when both have no path, as scopes and URNs.
fn of_urls(sent: &str, registered: &str) -> Option<String> {
    if sent.contains("%3A%2F%2F") || sent.contains("%3a%2f%2f") {
        return Some("the sent value is percent-encoded twice".to_owned());
    }
    let (a, b) = (Url::parse(sent).ok()?, Url::parse(registered).ok()?);
    if a.cannot_be_a_base() && b.cannot_be_a_base() {
        return None;
    }
    let mut parts = Vec::new();
    if a.scheme() != b.scheme() {
        parts.push(format!(
            "the scheme differs ({} and {})",
            bounded(a.scheme()),
            b.scheme()
        ));
    }
    if !a.username().is_empty() || a.password().is_some() {
        parts.push("the sent value has a user name or password".to_owned());
    }
    if a.host_str() != b.host_str() {
        parts.push("the host differs".to_owned());
    }
    if a.port() != b.port() {
        parts.push("the port differs".to_owned());
    }
    parts.extend(of_paths(a.path(), b.path()));
    parts.extend(of_queries(a.query(), b.query()).map(str::to_owned));
    if a.fragment().is_some() {
        parts.push("the sent value has a fragment".to_owned());
    }
    if parts.is_empty() {
        // The same URL in two spellings: they are compared as text (RFC 9700 §2.1).
        parts.push(spelling(sent, registered));
    }
    Some(parts.join(", "))
}

fn bounded(text: &str) -> String {
    text.chars().take(32).collect()
}

fn of_paths(sent: &str, registered: &str) -> Option<String> {
    if sent == registered {
        return None;
    }
    let slash =
        sent.strip_suffix('/') == Some(registered) || registered.strip_suffix('/') == Some(sent);
    Some(if slash {
        "the path differs by a trailing slash".to_owned()
    } else if sent.eq_ignore_ascii_case(registered) {
        "the path differs in upper and lower case".to_owned()
    } else {
        "the path differs".to_owned()
    })
}

fn of_queries(sent: Option<&str>, registered: Option<&str>) -> Option<&'static str> {
    match (sent, registered) {
        (a, b) if a == b => None,
        (Some(_), None) => Some("the sent value has a query"),
        (None, Some(_)) => Some("the registered value has a query"),
        _ => Some("the query differs"),
    }
}

fn spelling(sent: &str, registered: &str) -> String {
    let slash =
        sent.strip_suffix('/') == Some(registered) || registered.strip_suffix('/') == Some(sent);
    if slash {
        "the path differs by a trailing slash".to_owned()
    } else if sent.eq_ignore_ascii_case(registered) {
        "upper and lower case differ".to_owned()
    } else if has_port(sent) != has_port(registered) {
        "only one of them writes the default port".to_owned()
    } else {
        first_difference(sent, registered)
    }
}

fn has_port(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    port.is_some_and(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}
