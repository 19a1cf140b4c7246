//! The relying party: this provider, as authenticators know it.

use webauthn_rs::prelude::{AttestationCaList, Url, Webauthn, WebauthnBuilder};

use crate::config::settings::Settings;

/// What a browser is asked for, and what its answer is checked with.
pub(crate) struct RelyingParty {
    pub(super) webauthn: Webauthn,
    /// The models of authenticators that make passkeys, if not all do.
    pub(super) authenticators: Option<AttestationCaList>,
}

impl RelyingParty {
    /// The relying party of this issuer. WebAuthn §5.1.2: its id is a domain, so there are no passkeys below an IP address.
    pub(crate) fn new(settings: &Settings) -> Option<Self> {
        let origin = Url::parse(settings.issuer.origin()).ok()?;
        let builder = WebauthnBuilder::new(origin.domain()?, &origin).ok()?;
        let webauthn = builder.rp_name(settings.brand.name()).build().ok()?;
        Some(Self {
            webauthn,
            authenticators: settings.authenticators.clone(),
        })
    }
}
