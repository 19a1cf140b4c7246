//! Prefixes of request paths. Which paths are accepted is decided in `cardea_web`.

use std::borrow::Cow;

pub(crate) use cardea_web::inbound::path::{BadPath, read};

/// A configured path, which is literal. One that looks like a pattern would silently match nothing.
pub(crate) fn configured(text: &str) -> Result<Cow<'_, str>, String> {
    let is_pattern = |one: char| "*?#{}^|[]<>".contains(one);
    let ends_with_dollar = text.split('/').any(|segment| segment.ends_with('$'));
    if text.contains(is_pattern) || ends_with_dollar {
        return Err(
            "not a literal path; a prefix covers everything below it: write /admin, not /admin/* (and %2A for the character *)"
                .to_owned(),
        );
    }
    read(text).map_err(|error| error.to_string())
}

/// Whether the path is under the prefix (without a trailing slash), by whole segments.
pub(crate) fn is_under(path: &str, prefix: &str) -> bool {
    match path.strip_prefix(prefix) {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => false,
    }
}

/// The raw path without its first segments; at least a slash.
pub(crate) fn behind(raw: &str, segments: usize) -> &str {
    let mut slashes = raw.match_indices('/').skip(segments);
    match slashes.next() {
        Some((at, _)) => raw.get(at..).unwrap_or("/"),
        None => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_a_segment_ends() {
        for (path, prefix, expected) in [
            ("/api", "/api", true),
            ("/api/", "/api", true),
            ("/api/orders", "/api", true),
            ("/apis", "/api", false),
            ("/ap", "/api", false),
            ("/anything", "", true),
        ] {
            assert_eq!(is_under(path, prefix), expected, "{path} under {prefix}");
        }
    }

    #[test]
    fn g3_a_configured_path_is_no_pattern() {
        for text in [
            "/admin/*",
            "/admin**",
            "/*",
            "/admin{id}",
            "/admin/{id}/x",
            "/admin$",
            "/admin$/x",
            "^/admin",
            "/^admin",
            "/admin?x",
            "/admin#x",
            "/(a|b)",
            "/[a-z]",
            "/users/<id>",
            "admin",
            "",
        ] {
            assert!(configured(text).is_err(), "{text}");
        }
        for (text, expected) in [
            ("/", "/"),
            ("/~admin/a@b:c+d", "/~admin/a@b:c+d"),
            ("/a%20b", "/a b"),
            ("/a%2Ab", "/a*b"),
            ("/$metadata", "/$metadata"),
            ("/v1:batch(1),x;y=!'&", "/v1:batch(1),x;y=!'&"),
            ("/m%C3%BCnchen", "/münchen"),
        ] {
            assert_eq!(configured(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_prefix_is_taken_off_by_segments() {
        assert_eq!(behind("/api/orders/1", 1), "/orders/1");
        assert_eq!(behind("/%61pi/orders", 1), "/orders");
        assert_eq!(behind("/a/b/c/", 2), "/c/");
        assert_eq!(behind("/api", 1), "/");
        assert_eq!(behind("/api/", 1), "/");
    }
}
