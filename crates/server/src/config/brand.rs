//! How the pages look (D18).

use schemars::JsonSchema;
use serde::Deserialize;

/// How the pages look.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BrandConfig {
    /// The name at the head of each page.
    pub name: String,
    /// The colour of buttons and links, `#rrggbb`; it is darkened or lightened where text would be hard to read.
    pub accent_color: String,
    /// A PNG or SVG file of at most 64 KiB.
    pub logo_file: Option<String>,
}

impl Default for BrandConfig {
    fn default() -> Self {
        Self {
            name: "Cardea".to_owned(),
            accent_color: "#0e6655".to_owned(),
            logo_file: None,
        }
    }
}
