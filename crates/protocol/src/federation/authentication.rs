//! What a sign-in at an upstream counts for here.

use jiff::Timestamp;

use super::identity::UpstreamIdentity;

/// RFC 8176 §2: the values that say how a user proved who they are, and that are passed on.
const KNOWN_AMR: [&str; 14] = [
    "face", "fpt", "hwk", "iris", "kba", "mca", "mfa", "otp", "pin", "pwd", "rba", "retina", "sc",
    "swk",
];

/// Classes of authentication that stand for two factors, of another Cardea.
const MULTI_FACTOR_ACR: [&str; 2] = ["urn:cardea:acr:mfa", "urn:cardea:acr:phishing-resistant"];

/// A sign-in at an upstream, as far as it counts here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamLogin {
    /// When it was.
    pub auth_time: Timestamp,
    /// Its methods. Empty when the upstream is not trusted to say.
    pub amr: Vec<String>,
    /// Whether a second factor was verified there, and that counts here.
    pub multi_factor: bool,
}

/// What counts of an authentication. What the upstream says of its factors counts only if the operator trusts it with them
/// (`trust_mfa`); otherwise it is one factor, and the policy of this provider asks for the second.
#[must_use]
pub fn counted(identity: &UpstreamIdentity, trust_mfa: bool, now: Timestamp) -> UpstreamLogin {
    // OpenID Core §2: the time of the authentication, which may be long ago. One in the future is not believed.
    let auth_time = identity.auth_time.map_or(now, |at| at.min(now));
    let mut amr: Vec<String> = Vec::new();
    if trust_mfa {
        for known in KNOWN_AMR {
            if identity.amr.iter().any(|method| method == known) {
                amr.push(known.to_owned());
            }
        }
    }
    let by_class = identity
        .acr
        .as_deref()
        .is_some_and(|acr| MULTI_FACTOR_ACR.contains(&acr));
    let multi_factor = trust_mfa && (by_class || amr.iter().any(|method| method == "mfa"));
    UpstreamLogin {
        auth_time,
        amr,
        multi_factor,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::linking::tests::identity, *};
    use crate::samples::{now, seconds};

    #[test]
    fn factors_of_an_upstream_count_only_if_it_is_trusted_with_them() {
        let mut arrived = identity(json!({}));
        arrived.amr = ["pwd", "mfa", "invented"].map(str::to_owned).to_vec();
        arrived.acr = Some("urn:cardea:acr:phishing-resistant".to_owned());
        let plain = counted(&arrived, false, now());
        assert_eq!((plain.amr.len(), plain.multi_factor), (0, false));
        let trusted = counted(&arrived, true, now());
        assert_eq!(trusted.amr, ["mfa", "pwd"]);
        assert!(trusted.multi_factor);
        arrived.amr.clear();
        assert!(counted(&arrived, true, now()).multi_factor);
        arrived.acr = Some("urn:cardea:acr:password".to_owned());
        assert!(!counted(&arrived, true, now()).multi_factor);
    }

    #[test]
    fn the_time_of_the_authentication_is_the_upstreams() {
        let mut arrived = identity(json!({}));
        assert_eq!(counted(&arrived, false, now()).auth_time, now());
        arrived.auth_time = Some(now() - seconds(3600));
        assert_eq!(
            counted(&arrived, false, now()).auth_time,
            now() - seconds(3600)
        );
        arrived.auth_time = Some(now() + seconds(30));
        assert_eq!(counted(&arrived, false, now()).auth_time, now());
    }
}
