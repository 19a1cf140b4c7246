use bytes::Bytes;
use url::Url;

use super::colour::Colour;
use crate::i18n::Key;

/// The darkest ground that light pages put text on; `style/base.css` has the same.
pub(crate) const LIGHT_GROUND: Colour = Colour::new(0xf1, 0xf3, 0xf2);
/// The ground of dark pages; `style/base.css` has the same.
pub(crate) const DARK_GROUND: Colour = Colour::new(0x10, 0x13, 0x12);
/// The lightest ground that dark pages put text on.
pub(super) const DARK_SURFACE: Colour = Colour::new(0x1a, 0x1e, 0x1d);

/// WCAG 2.2 §1.4.3: text, and §1.4.11: what only has to be seen. Thin colored lines on dark want some more.
const READABLE: f64 = 4.5;
const READABLE_DARK: f64 = 6.5;
const VISIBLE: f64 = 3.0;

const MAX_NAME: usize = 40;
const MAX_TAGLINE: usize = 100;
const MAX_LOGO: usize = 64 * 1024;

/// The door in its round wall, seen from above; its two colors stand for the brand's.
const MARK: &str = include_str!("../mark.svg");
const MARK_ACCENT: &str = ACCENT;
const ACCENT: &str = "#0e6655";
const MARK_TEXT: &str = "#ffffff";

/// Whose provider this is: a name, a color, pictures and the links of the footer.
#[derive(Debug, Clone)]
pub(crate) struct Brand {
    name: String,
    show_name: bool,
    tagline: Option<String>,
    accent: Colour,
    logo: Logo,
    logo_dark: Option<Logo>,
    icon: Option<Logo>,
    links: Vec<FooterLink>,
}

/// A link that every page has at its foot.
#[derive(Debug, Clone)]
pub(crate) struct FooterLink {
    /// The text of the link.
    pub(crate) label: Key,
    pub(crate) url: String,
}

/// A brand as it is configured.
#[derive(Debug, Clone)]
pub(crate) struct BrandParts<'a> {
    pub(crate) name: &'a str,
    pub(crate) show_name: bool,
    pub(crate) tagline: Option<&'a str>,
    pub(crate) accent: &'a str,
    pub(crate) logo: Option<Logo>,
    pub(crate) logo_dark: Option<Logo>,
    pub(crate) icon: Option<Logo>,
    pub(crate) help_url: Option<&'a str>,
    pub(crate) privacy_url: Option<&'a str>,
    pub(crate) terms_url: Option<&'a str>,
}

impl Default for BrandParts<'_> {
    fn default() -> Self {
        Self {
            name: "Cardea",
            show_name: true,
            tagline: None,
            accent: ACCENT,
            logo: None,
            logo_dark: None,
            icon: None,
            help_url: None,
            privacy_url: None,
            terms_url: None,
        }
    }
}

/// A picture that was looked at before it is served.
#[derive(Debug, Clone)]
pub(crate) struct Logo {
    content_type: &'static str,
    extension: &'static str,
    bytes: Bytes,
}

/// Why a brand was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BrandError {
    /// Empty, long, or with characters that aren't seen.
    #[error("the name must have 1 to {MAX_NAME} visible characters")]
    Name,
    /// Long, or with characters that aren't seen.
    #[error("the tagline must have 1 to {MAX_TAGLINE} visible characters")]
    Tagline,
    /// Not a color.
    #[error("the accent color must be written as #rrggbb")]
    Accent,
    /// A link that leads elsewhere than to a page or a mailbox.
    #[error("{0} must be an https, http or mailto URL")]
    Link(&'static str),
    /// Over the bound.
    #[error("the logo must have at most 64 KiB")]
    LogoSize,
    /// Another format, or an SVG with more than a drawing in it.
    #[error("the logo must be a PNG, or an SVG without scripts and links to elsewhere")]
    LogoFormat,
}

impl Default for Brand {
    fn default() -> Self {
        let accent = Colour::new(0x0e, 0x66, 0x55);
        Self {
            name: "Cardea".to_owned(),
            show_name: true,
            tagline: None,
            accent,
            logo: Logo::mark(accent),
            logo_dark: None,
            icon: None,
            links: Vec::new(),
        }
    }
}

impl Brand {
    /// A brand from its configured parts; without a logo it gets Cardea's mark in its own color.
    ///
    /// # Errors
    /// When a part is not what it should be.
    pub(crate) fn new(parts: BrandParts<'_>) -> Result<Self, BrandError> {
        let name = visible(parts.name, MAX_NAME).ok_or(BrandError::Name)?;
        let tagline = parts
            .tagline
            .map(|text| visible(text, MAX_TAGLINE).ok_or(BrandError::Tagline))
            .transpose()?;
        let accent = Colour::parse(parts.accent).ok_or(BrandError::Accent)?;
        let links = [
            ("help_url", Key("layout-help"), parts.help_url),
            ("privacy_url", Key("layout-privacy"), parts.privacy_url),
            ("terms_url", Key("layout-terms"), parts.terms_url),
        ];
        let links = links
            .into_iter()
            .filter_map(|(key, label, url)| Some(footer_link(key, label, url?)))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            name,
            // A name must stand somewhere: only a logo of one's own can have it drawn.
            show_name: parts.show_name || parts.logo.is_none(),
            tagline,
            accent,
            logo: parts.logo.unwrap_or_else(|| Logo::mark(accent)),
            logo_dark: parts.logo_dark,
            icon: parts.icon,
            links,
        })
    }

    /// Whether the name stands beside the logo.
    pub(crate) fn show_name(&self) -> bool {
        self.show_name
    }

    /// What a screen reader says of the logo: nothing where the name stands beside it.
    pub(crate) fn logo_alt(&self) -> &str {
        if self.show_name { "" } else { &self.name }
    }

    /// The operator's sentence on the login page.
    pub(crate) fn tagline(&self) -> Option<&str> {
        self.tagline.as_deref()
    }

    /// The links at the foot of each page.
    pub(crate) fn links(&self) -> &[FooterLink] {
        &self.links
    }

    /// The logo for dark pages.
    pub(super) fn logo_dark(&self) -> Option<&Logo> {
        self.logo_dark.as_ref()
    }

    /// The icon of the browser's tab.
    pub(super) fn icon(&self) -> Option<&Logo> {
        self.icon.as_ref()
    }

    /// The color of buttons.
    pub(crate) fn accent(&self) -> Colour {
        self.accent
    }

    /// The name at the head of each page.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The logo beside it.
    pub(crate) fn logo(&self) -> &Logo {
        &self.logo
    }

    /// The head of the style sheet: the brand's colors, readable on light and on dark pages.
    pub(super) fn custom_properties(&self) -> String {
        let on_light = self
            .accent
            .moved_until(READABLE, LIGHT_GROUND, Colour::BLACK);
        let tint = self.accent.tint();
        let dark = self.accent.moved_until(VISIBLE, DARK_SURFACE, tint);
        let on_dark = self.accent.moved_until(READABLE_DARK, DARK_SURFACE, tint);
        format!(
            ":root {{ {} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {} }} }}\n",
            properties(self.accent, on_light),
            properties(dark, on_dark),
        )
    }
}

fn properties(fill: Colour, text: Colour) -> String {
    let on_fill = fill.text_on();
    let away = if on_fill == Colour::WHITE {
        Colour::BLACK
    } else {
        Colour::WHITE
    };
    let hover = fill.mixed(away, 14);
    format!(
        "--accent: {fill}; --accent-hover: {hover}; --on-accent: {on_fill}; --accent-text: {text};"
    )
}

/// A text of 1 to `max` characters that can all be seen.
fn visible(text: &str, max: usize) -> Option<String> {
    let text = text.trim();
    let length = text.chars().count();
    let fits = (1..=max).contains(&length) && !text.chars().any(is_unseen);
    fits.then(|| text.to_owned())
}

fn footer_link(key: &'static str, label: Key, url: &str) -> Result<FooterLink, BrandError> {
    let parsed = Url::parse(url).map_err(|_| BrandError::Link(key))?;
    if !matches!(parsed.scheme(), "https" | "http" | "mailto") {
        return Err(BrandError::Link(key));
    }
    Ok(FooterLink {
        label,
        url: parsed.into(),
    })
}

/// Control characters, and those that turn the direction of the text around them.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

impl Logo {
    /// Looks at a file's bytes: the name of a file proves nothing.
    ///
    /// # Errors
    /// When the bytes are too many, or neither a PNG nor a plain SVG drawing.
    pub(crate) fn parse(bytes: Bytes) -> Result<Self, BrandError> {
        if bytes.len() > MAX_LOGO {
            return Err(BrandError::LogoSize);
        }
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Ok(Self {
                content_type: "image/png",
                extension: "png",
                bytes,
            });
        }
        let drawing = std::str::from_utf8(&bytes).is_ok_and(is_plain_drawing);
        if drawing {
            Ok(Self::svg(bytes))
        } else {
            Err(BrandError::LogoFormat)
        }
    }

    pub(crate) fn content_type(&self) -> &'static str {
        self.content_type
    }

    pub(super) fn extension(&self) -> &'static str {
        self.extension
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    fn mark(accent: Colour) -> Self {
        let drawing = MARK
            .replace(MARK_TEXT, &accent.text_on().to_string())
            .replace(MARK_ACCENT, &accent.to_string());
        Self::svg(Bytes::from(drawing))
    }

    fn svg(bytes: Bytes) -> Self {
        Self {
            content_type: "image/svg+xml",
            extension: "svg",
            bytes,
        }
    }
}

/// Browsers run nothing of an SVG inside `<img>`, and its own policy is a sandbox: this is the third lock, so a short
/// list of what no drawing needs is enough.
fn is_plain_drawing(text: &str) -> bool {
    let text = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .to_ascii_lowercase();
    (text.starts_with("<svg") || text.starts_with("<?xml"))
        && text.contains("<svg")
        && ![
            "<script",
            "<foreignobject",
            "<!entity",
            "javascript:",
            "data:text",
        ]
        .iter()
        .any(|refused| text.contains(refused))
}

#[cfg(test)]
mod tests;
