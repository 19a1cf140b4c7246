//! What a handler of a page is given: the provider and the caller.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use cardea_protocol::language::Lang;
use http::request::Parts;

use crate::{app::Shared, caller::Caller, i18n::Choice, pages::Shell};

/// The provider and the caller of a request.
pub(crate) struct Ctx {
    pub(crate) app: Shared,
    pub(crate) caller: Caller,
    /// Which language the user reads.
    pub(crate) language: Choice,
}

impl FromRequestParts<Shared> for Ctx {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Infallible> {
        Ok(Self {
            app: Shared::clone(app),
            caller: Caller::from_request_parts(parts, app).await?,
            language: Choice::default(),
        })
    }
}

impl Ctx {
    /// What the frame of every page needs.
    pub(crate) fn shell(&self) -> Shell<'_> {
        Shell {
            brand: &self.app.settings.brand,
            assets: &self.app.assets,
            base: self.app.settings.issuer.path(),
            request_id: self.caller.request_id.as_str(),
            development: self.app.settings.development,
            lang: self.lang(),
        }
    }

    /// The language of the answer.
    pub(crate) fn lang(&self) -> Lang {
        let default = self.app.settings.language;
        self.language.lang(&self.caller.headers, default)
    }
}
