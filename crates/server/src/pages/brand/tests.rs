#![allow(clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;

use super::{
    Brand, BrandError, BrandParts, DARK_SURFACE, LIGHT_GROUND, Logo, MARK, MARK_ACCENT, MARK_TEXT,
};
use crate::pages::{assets::STYLE, colour::Colour};

fn acme(accent: &str) -> Brand {
    let parts = BrandParts {
        name: "Acme",
        accent,
        ..BrandParts::default()
    };
    Brand::new(parts).unwrap()
}

/// The values of a custom property, in the order light, dark.
fn values(css: &str, property: &str) -> Vec<Colour> {
    css.split(&format!("{property}: "))
        .skip(1)
        .map(|rest| Colour::parse(rest.split(';').next().unwrap()).unwrap())
        .collect()
}

#[test]
fn any_accent_is_readable_in_both_modes() {
    for accent in [
        "#0e6655", "#ffe600", "#ffffff", "#000000", "#777777", "#0b5fff", "#e4002b", "#7c3aed",
    ] {
        let css = acme(accent).custom_properties();
        for property in ["--accent", "--accent-hover"] {
            for (fill, text) in values(&css, property)
                .into_iter()
                .zip(values(&css, "--on-accent"))
            {
                assert!(
                    fill.contrast(text) >= 4.5,
                    "{accent}: {text} on {property} {fill}"
                );
            }
        }
        let text = values(&css, "--accent-text");
        assert!(text[0].contrast(LIGHT_GROUND) >= 4.5, "{accent} on light");
        assert!(text[1].contrast(DARK_SURFACE) >= 4.5, "{accent} on dark");
    }
}

#[test]
fn every_color_of_the_style_sheet_is_readable_in_both_modes() {
    let grounds = [values(STYLE, "--ground"), values(STYLE, "--surface")];
    assert_eq!(grounds[0][0], LIGHT_GROUND);
    assert_eq!(grounds[1][1], DARK_SURFACE);
    for property in ["--ink", "--muted", "--danger", "--caution", "--good"] {
        let texts = values(STYLE, property);
        assert_eq!(texts.len(), 2, "{property} has a light and a dark value");
        for (mode, text) in texts.into_iter().enumerate() {
            for ground in &grounds {
                let ratio = text.contrast(ground[mode]);
                assert!(
                    ratio >= 4.5,
                    "{property} {text} on {} has {ratio:.2}",
                    ground[mode]
                );
            }
        }
    }
    for (mode, line) in values(STYLE, "--line-strong").into_iter().enumerate() {
        assert!(
            line.contrast(grounds[1][mode]) >= 3.0,
            "the frame of a field is seen: {line}"
        );
    }
}

#[test]
fn a_name_is_short_and_visible() {
    let named = |name| {
        Brand::new(BrandParts {
            name,
            ..BrandParts::default()
        })
    };
    assert_eq!(named("  Acme & Söhne ").unwrap().name(), "Acme & Söhne");
    for name in ["", "   ", "a\nb", "a\u{202e}b", "\u{200b}", &"x".repeat(41)] {
        assert_eq!(named(name).unwrap_err(), BrandError::Name, "{name:?}");
    }
    let blue = BrandParts {
        accent: "blue",
        ..BrandParts::default()
    };
    assert_eq!(Brand::new(blue).unwrap_err(), BrandError::Accent);
}

#[test]
fn a_name_is_hidden_only_behind_a_logo_that_says_it() {
    let hidden = |logo| {
        let parts = BrandParts {
            show_name: false,
            logo,
            ..BrandParts::default()
        };
        Brand::new(parts).unwrap()
    };
    let logo = Logo::parse(Bytes::from_static(b"\x89PNG\r\n\x1a\n")).unwrap();
    assert!(hidden(None).show_name());
    assert!(!hidden(Some(logo.clone())).show_name());
    assert_eq!(hidden(Some(logo)).logo_alt(), "Cardea");
}

#[test]
fn a_footer_link_leads_to_a_page_or_a_mailbox() {
    let linked = |url| {
        Brand::new(BrandParts {
            help_url: Some(url),
            ..BrandParts::default()
        })
    };
    for url in ["https://example.com/help", "mailto:help@example.com"] {
        assert_eq!(linked(url).unwrap().links()[0].url, url);
    }
    for url in ["javascript:alert(1)", "/help", "data:text/html,x", ""] {
        assert_eq!(
            linked(url).unwrap_err(),
            BrandError::Link("help_url"),
            "{url}"
        );
    }
}

#[test]
fn the_mark_takes_the_color_of_the_brand() {
    assert!(MARK.contains(MARK_ACCENT) && MARK.contains(MARK_TEXT));
    let brand = acme("#ffe600");
    let drawing = std::str::from_utf8(brand.logo().bytes()).unwrap();
    assert!(drawing.contains("#ffe600") && drawing.contains("#000000"));
    assert!(!drawing.contains(MARK_ACCENT) && !drawing.contains(MARK_TEXT));
    assert_eq!(
        Logo::parse(brand.logo().bytes().clone())
            .unwrap()
            .content_type(),
        "image/svg+xml"
    );
}

#[test]
fn a_white_brand_keeps_its_mark_visible() {
    let brand = acme("#ffffff");
    let drawing = std::str::from_utf8(brand.logo().bytes()).unwrap();
    assert!(drawing.contains("#ffffff") && drawing.contains("#000000"));
}

#[test]
fn a_logo_is_a_png_or_a_plain_drawing() {
    let png = Bytes::from_static(b"\x89PNG\r\n\x1a\n rest");
    assert_eq!(Logo::parse(png).unwrap().content_type(), "image/png");
    let refused = [
        "",
        "GIF89a",
        "<html><svg></svg></html>",
        "<svg><SCRIPT>alert(1)</SCRIPT></svg>",
        "<svg><foreignObject></foreignObject></svg>",
        "<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>",
        "<svg><a href='javascript:alert(1)'/></svg>",
    ];
    for text in refused {
        assert_eq!(
            Logo::parse(Bytes::from(text)).unwrap_err(),
            BrandError::LogoFormat,
            "{text}"
        );
    }
    let large = Bytes::from(vec![b' '; 64 * 1024 + 1]);
    assert_eq!(Logo::parse(large).unwrap_err(), BrandError::LogoSize);
}
