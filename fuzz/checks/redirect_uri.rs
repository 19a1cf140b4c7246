//! Feeds two lines to the rules of redirect URIs: one to register, one to be compared with it.

use cardea_protocol::redirect_uri::{ApplicationType, RegisteredRedirectUri, verify};
use url::Url;

pub(crate) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (raw, presented) = text.split_once('\n').unwrap_or((text, text));
    for kind in [ApplicationType::Web, ApplicationType::Native] {
        let Ok(registered) = RegisteredRedirectUri::parse(raw, kind) else {
            continue;
        };
        let mut url = Url::parse(raw).expect("it was registered");
        assert!(!["javascript", "data", "file", "blob"].contains(&url.scheme()));
        assert!(url.fragment().is_none() && url.username().is_empty() && url.password().is_none());
        assert!(registered.matches(raw));
        if verify(&[registered], presented).is_none() || presented == raw {
            continue;
        }
        // Another string matches only where the port is free, and differs only in the port.
        assert_eq!((kind, url.scheme()), (ApplicationType::Native, "http"));
        let mut other = Url::parse(presented).expect("what matches is a URL");
        assert!(url.set_port(None).is_ok() && other.set_port(None).is_ok());
        assert_eq!(url, other);
    }
}
