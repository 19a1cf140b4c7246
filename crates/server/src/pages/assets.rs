use bytes::Bytes;
use cardea_seal::Digest;

use super::Brand;

pub(super) const STYLE: &str = concat!(
    include_str!("style/base.css"),
    "\n",
    include_str!("style/forms.css"),
    "\n",
    include_str!("style/parts.css"),
    "\n",
    include_str!("style/adapt.css"),
);

/// The style sheet and the logo, made once at the start. Each has its hash in its address, so that browsers may keep
/// them for ever and never see an old one.
#[derive(Debug, Clone)]
pub(crate) struct Assets {
    style: Asset,
    logo: Asset,
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
        let style = Bytes::from(brand.custom_properties() + STYLE);
        let logo = brand.logo();
        Self {
            style: Asset::new("css", "text/css; charset=utf-8", style),
            logo: Asset::new(logo.extension(), logo.content_type(), logo.bytes().clone()),
        }
    }

    /// `assets/<hash>.css`.
    pub(crate) fn style_path(&self) -> &str {
        &self.style.path
    }

    /// `assets/<hash>.svg` or `.png`.
    pub(crate) fn logo_path(&self) -> &str {
        &self.logo.path
    }

    /// What lies at `assets/…`: its content type and its bytes.
    pub(crate) fn asset(&self, path: &str) -> Option<(&'static str, Bytes)> {
        [&self.style, &self.logo]
            .into_iter()
            .find(|asset| asset.path == path)
            .map(|asset| (asset.content_type, asset.bytes.clone()))
    }
}

impl Asset {
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
    use crate::pages::Brand;

    #[test]
    fn an_asset_lies_where_its_path_says_and_nowhere_else() {
        let assets = Assets::new(&Brand::default());
        let (content_type, bytes) = assets.asset(assets.style_path()).unwrap();
        assert_eq!(content_type, "text/css; charset=utf-8");
        assert!(bytes.starts_with(b":root { --accent: "));
        assert_eq!(assets.asset(assets.logo_path()).unwrap().0, "image/svg+xml");
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
        let other = Assets::new(&Brand::new("Cardea", "#0b5fff", None).unwrap());
        assert_ne!(one.style_path(), other.style_path());
        assert_ne!(one.logo_path(), other.logo_path());
    }

    #[test]
    fn the_style_sheet_loads_nothing() {
        for loading in ["url(", "@import", "@font-face", "http:", "https:"] {
            assert!(!super::STYLE.contains(loading), "{loading}");
        }
    }
}
