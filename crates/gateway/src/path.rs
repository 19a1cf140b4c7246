//! Prefixes of request paths. Which paths are accepted is decided in `cardea_web`.

pub(crate) use cardea_web::inbound::path::{BadPath, read};

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
    fn a_prefix_is_taken_off_by_segments() {
        assert_eq!(behind("/api/orders/1", 1), "/orders/1");
        assert_eq!(behind("/%61pi/orders", 1), "/orders");
        assert_eq!(behind("/a/b/c/", 2), "/c/");
        assert_eq!(behind("/api", 1), "/");
        assert_eq!(behind("/api/", 1), "/");
    }
}
