//! The request headers that a route does not forward.

use http::{
    HeaderName,
    header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
};

/// The headers that a route drops besides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DroppedHeaders {
    whole: Vec<HeaderName>,
    prefixes: Vec<Box<str>>,
}

impl DroppedHeaders {
    /// These names; one with `*` at the end is a prefix.
    pub(crate) fn new(names: &[String]) -> Result<Self, String> {
        let mut dropped = Self::default();
        for text in names {
            let (name, is_prefix) = match text.strip_suffix('*') {
                Some(prefix) => (prefix, true),
                None => (text.as_str(), false),
            };
            let problem = || format!("\"{text}\": not a header name such as X-Tenant or X-Acme-*");
            if name.contains('*') {
                return Err(problem());
            }
            let name: HeaderName = name.parse().map_err(|_| problem())?;
            match is_prefix {
                true => dropped.prefixes.push(name.as_str().into()),
                false => dropped.whole.push(name),
            }
            let framing = [HOST, CONTENT_LENGTH, TRANSFER_ENCODING];
            if framing.iter().any(|name| dropped.contains(name)) {
                return Err(format!("\"{text}\": a request cannot do without it"));
            }
        }
        Ok(dropped)
    }

    pub(crate) fn contains(&self, name: &HeaderName) -> bool {
        self.whole.contains(name)
            || self
                .prefixes
                .iter()
                .any(|prefix| name.as_str().starts_with(&**prefix))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn g5_a_route_drops_further_headers() {
        let new = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            DroppedHeaders::new(&names)
        };
        let dropped = new(&["X-Tenant", "x-acme-*"]).unwrap();
        for (name, expected) in [
            ("x-tenant", true),
            ("x-tenants", false),
            ("x-acme-user", true),
            ("x-acme", false),
        ] {
            let name = HeaderName::from_static(name);
            assert_eq!(dropped.contains(&name), expected, "{name}");
        }
        for bad in [
            "",
            "*",
            "X Y",
            "X:",
            "a*b",
            "Host",
            "content-*",
            "Transfer-Encoding",
        ] {
            assert!(new(&[bad]).is_err(), "{bad}");
        }
    }
}
