//! What a sign-in at an upstream counts for here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    identity::UpstreamIdentity,
    upstream::{LinkKey, UpstreamId},
};

/// RFC 8176 §2: the values that say how a user proved who they are, and that are passed on.
const KNOWN_AMR: [&str; 14] = [
    "face", "fpt", "hwk", "iris", "kba", "mca", "mfa", "otp", "pin", "pwd", "rba", "retina", "sc",
    "swk",
];

/// Classes of authentication that stand for two factors, of another Cardea.
const MULTI_FACTOR_ACR: [&str; 2] = ["urn:cardea:acr:mfa", "urn:cardea:acr:phishing-resistant"];

/// A sign-in at an upstream, as far as it counts here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamProof {
    /// The upstream.
    pub upstream: UpstreamId,
    /// The link, which the user must have when a session is opened.
    pub link: LinkKey,
    /// The session there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<LinkKey>,
    /// When the user authenticated there.
    pub auth_time: Timestamp,
    /// By what means. Empty when the upstream is not trusted to say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// Whether a second factor was verified there, and counts here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub multi_factor: bool,
}

/// What counts of a sign-in. What the upstream says of its factors counts only if the operator trusts it with them
/// (`trust_mfa`); otherwise it is one factor, and the policy of this provider asks for the second.
#[must_use]
pub fn proof(
    upstream: &UpstreamId,
    identity: &UpstreamIdentity,
    trust_mfa: bool,
    now: Timestamp,
) -> UpstreamProof {
    let mut amr: Vec<String> = Vec::new();
    if trust_mfa {
        let has = |known: &&str| identity.amr.iter().any(|method| method == known);
        amr.extend(KNOWN_AMR.into_iter().filter(has).map(str::to_owned));
    }
    let acr = identity.acr.as_deref();
    let by_class = acr.is_some_and(|acr| MULTI_FACTOR_ACR.contains(&acr));
    let key = |text: &str| LinkKey::of(upstream, &identity.issuer, text);
    UpstreamProof {
        upstream: upstream.clone(),
        link: key(&identity.subject),
        session: identity.sid.as_deref().map(key),
        // OpenID Core §2: the time of the authentication, which may be long ago. One in the future is not believed.
        auth_time: identity.auth_time.map_or(now, |at| at.min(now)),
        multi_factor: trust_mfa && (by_class || amr.iter().any(|method| method == "mfa")),
        amr,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::linking::tests::identity, *};
    use crate::samples::{now, seconds};

    fn counted(identity: &UpstreamIdentity, trust_mfa: bool, now: Timestamp) -> UpstreamProof {
        proof(&UpstreamId::parse("up").unwrap(), identity, trust_mfa, now)
    }

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
