use super::user_line::initial;

/// The app that a page is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AppLine<'a> {
    pub(crate) name: &'a str,
    /// Below the issuer's path: an address of ours, never the client's.
    pub(crate) logo: Option<&'a str>,
}

impl AppLine<'_> {
    /// The first letter of the name, where there is no logo.
    pub(crate) fn initial(&self) -> String {
        initial(self.name)
    }
}
