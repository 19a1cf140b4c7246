use bytes::Bytes;
use cardea_seal::Digest;

use super::{Brand, Logo};

pub(super) const STYLE: &str = concat!(
    include_str!("style/base.css"),
    "\n",
    include_str!("style/frame.css"),
    "\n",
    include_str!("style/forms.css"),
    "\n",
    include_str!("style/parts.css"),
    "\n",
    include_str!("style/factors.css"),
    "\n",
    include_str!("style/adapt.css"),
);

/// The scripts of the pages: every page works without them.
pub(crate) const SCRIPT: &str = include_str!("script.js");
/// The script of the pages that ask for a passkey.
pub(crate) const PASSKEY_SCRIPT: &str = include_str!("passkey.js");

/// Style sheet, fonts and the brand's pictures, made once at the start. Each has its hash in its address, so that browsers may
/// keep it for ever and never see an old one.
#[derive(Debug, Clone)]
pub(crate) struct Assets {
    style: Asset,
    font: Asset,
    font_extended: Asset,
    logo: Asset,
    logo_dark: Option<Asset>,
    icon: Option<Asset>,
}

#[derive(Debug, Clone)]
struct Asset {
    path: String,
    content_type: &'static str,
    bytes: Bytes,
}

impl Assets {
    /// The assets in the colours of a brand.
    pub(crate) fn new(brand: &Brand) -> Self {
        let font = Asset::font(include_bytes!("font/figtree-latin.woff2"));
        let font_extended = Asset::font(include_bytes!("font/figtree-latin-ext.woff2"));
        let faces = face(&font_extended, LATIN_EXTENDED) + &face(&font, LATIN);
        let style = Bytes::from(faces + &brand.custom_properties() + STYLE);
        Self {
            style: Asset::new("css", "text/css; charset=utf-8", style),
            font,
            font_extended,
            logo: Asset::picture(brand.logo()),
            logo_dark: brand.logo_dark().map(Asset::picture),
            icon: brand.icon().map(Asset::picture),
        }
    }

    /// `assets/<hash>.woff2`, the subset that nearly every page needs.
    pub(crate) fn font_path(&self) -> &str {
        &self.font.path
    }

    /// `assets/<hash>.css`.
    pub(crate) fn style_path(&self) -> &str {
        &self.style.path
    }

    /// `assets/<hash>.svg` or `.png`.
    pub(crate) fn logo_path(&self) -> &str {
        &self.logo.path
    }

    /// The logo for dark pages, where the brand has one.
    pub(crate) fn logo_dark_path(&self) -> Option<&str> {
        self.logo_dark.as_ref().map(|asset| asset.path.as_str())
    }

    /// The icon of the browser's tab: the logo, unless the brand has another.
    pub(crate) fn icon_path(&self) -> &str {
        &self.icon.as_ref().unwrap_or(&self.logo).path
    }

    /// What lies at `assets/…`: its content type and its bytes.
    pub(crate) fn asset(&self, path: &str) -> Option<(&'static str, Bytes)> {
        [&self.style, &self.font, &self.font_extended, &self.logo]
            .into_iter()
            .chain(&self.logo_dark)
            .chain(&self.icon)
            .find(|asset| asset.path == path)
            .map(|asset| (asset.content_type, asset.bytes.clone()))
    }
}

/// The subsets of the font, as its makers cut them (`font/README.md`).
const LATIN: &str = "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,\
    U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD";
const LATIN_EXTENDED: &str = "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+0304,U+0308,U+0329,\
    U+1D00-1DBF,U+1E00-1E9F,U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF";

/// The style sheet lies in the same folder as the font, whatever the path of the issuer.
fn face(font: &Asset, range: &str) -> String {
    let file = font.path.trim_start_matches("assets/");
    format!(
        "@font-face {{ font-family: Figtree; font-style: normal; font-weight: 300 900; font-display: swap; \
         src: url({file}) format(\"woff2\"); unicode-range: {range}; }}\n"
    )
}

impl Asset {
    fn font(bytes: &'static [u8]) -> Self {
        Self::new("woff2", "font/woff2", Bytes::from_static(bytes))
    }

    fn picture(logo: &Logo) -> Self {
        Self::new(logo.extension(), logo.content_type(), logo.bytes().clone())
    }

    fn new(extension: &str, content_type: &'static str, bytes: Bytes) -> Self {
        let hash: String = Digest::of(&bytes).to_text().chars().take(16).collect();
        Self {
            path: format!("assets/{hash}.{extension}"),
            content_type,
            bytes,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Assets;
    use crate::pages::{Brand, BrandParts};

    #[test]
    fn an_asset_lies_where_its_path_says_and_nowhere_else() {
        let assets = Assets::new(&Brand::default());
        let (content_type, bytes) = assets.asset(assets.style_path()).unwrap();
        assert_eq!(content_type, "text/css; charset=utf-8");
        assert!(bytes.starts_with(b"@font-face "));
        assert_eq!(assets.asset(assets.logo_path()).unwrap().0, "image/svg+xml");
        assert_eq!(assets.asset(assets.font_path()).unwrap().0, "font/woff2");
        assert_eq!(assets.icon_path(), assets.logo_path());
        for path in [
            "",
            "assets/",
            "assets/style.css",
            "assets/../style.css",
            "/assets/x.css",
        ] {
            assert!(assets.asset(path).is_none(), "{path}");
        }
    }

    #[test]
    fn another_colour_gives_another_address() {
        let one = Assets::new(&Brand::default());
        let other = Assets::new(
            &Brand::new(BrandParts {
                name: "Cardea",
                accent: "#0b5fff",
                ..BrandParts::default()
            })
            .unwrap(),
        );
        assert_ne!(one.style_path(), other.style_path());
        assert_ne!(one.logo_path(), other.logo_path());
    }

    #[test]
    fn the_style_sheet_loads_its_fonts_and_nothing_else() {
        for loading in ["url(", "@import", "@font-face", "http:", "https:"] {
            assert!(!super::STYLE.contains(loading), "{loading}");
        }
        let assets = Assets::new(&Brand::default());
        let style = assets.asset(assets.style_path()).unwrap().1;
        let style = std::str::from_utf8(&style).unwrap();
        let files: Vec<&str> = style
            .split("url(")
            .skip(1)
            .map(|rest| rest.split_once(')').unwrap().0)
            .collect();
        assert_eq!(files.len(), 2);
        for file in files {
            let (content_type, bytes) = assets.asset(&format!("assets/{file}")).unwrap();
            assert_eq!(content_type, "font/woff2");
            assert!(bytes.starts_with(b"wOF2") && bytes.len() < 32 * 1024);
        }
    }
}
