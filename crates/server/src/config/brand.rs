//! How the pages look (D18).

use schemars::JsonSchema;
use serde::Deserialize;

/// How the pages look.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BrandConfig {
    /// The name at the top of each page.
    pub name: String,
    /// Whether the name is shown beside the logo. `false` is for a logo that contains the name.
    pub show_name: bool,
    /// One sentence on the login page, at most 100 characters.
    pub tagline: Option<String>,
    /// The color of buttons and links, `#rrggbb`; it is darkened or lightened where text would be hard to read.
    pub accent_color: String,
    /// A PNG or SVG file of at most 64 KiB.
    pub logo_file: Option<String>,
    /// The logo for dark pages, if the other one is hard to see there.
    pub logo_dark_file: Option<String>,
    /// The icon of the browser's tab, a square PNG or SVG; without it the logo.
    pub icon_file: Option<String>,
    /// Where users get help: a page, or `mailto:` and an address. It is in the footer of each page, as are the next two.
    pub help_url: Option<String>,
    /// The privacy statement.
    pub privacy_url: Option<String>,
    /// The terms of service.
    pub terms_url: Option<String>,
}

impl Default for BrandConfig {
    fn default() -> Self {
        Self {
            name: "Cardea".to_owned(),
            show_name: true,
            tagline: None,
            accent_color: "#0e6655".to_owned(),
            logo_file: None,
            logo_dark_file: None,
            icon_file: None,
            help_url: None,
            privacy_url: None,
            terms_url: None,
        }
    }
}
