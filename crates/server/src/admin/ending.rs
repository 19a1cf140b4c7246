use cardea_store::Applications;
use serde::Deserialize;

/// What becomes of the applications: `?keep_applications=true`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Ending {
    keep_applications: bool,
}

impl Ending {
    pub(super) fn applications(&self) -> Applications {
        if self.keep_applications {
            Applications::Keep
        } else {
            Applications::Revoke
        }
    }
}
