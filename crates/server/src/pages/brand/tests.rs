#![allow(clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;

use super::{Brand, BrandError, DARK_SURFACE, LIGHT_GROUND, Logo, MARK, MARK_ACCENT, MARK_TEXT};
use crate::pages::assets::STYLE;
use crate::pages::colour::Colour;

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
        let css = Brand::new("Acme", accent, None)
            .unwrap()
            .custom_properties();
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
fn every_colour_of_the_style_sheet_is_readable_in_both_modes() {
    let grounds = [values(STYLE, "--ground"), values(STYLE, "--surface")];
    assert_eq!(grounds[0][0], LIGHT_GROUND);
    assert_eq!(grounds[1][1], DARK_SURFACE);
    for property in ["--ink", "--muted", "--danger", "--caution"] {
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
    assert_eq!(
        Brand::new("  Acme & Söhne ", "#0b5fff", None)
            .unwrap()
            .name(),
        "Acme & Söhne"
    );
    for name in ["", "   ", "a\nb", "a\u{202e}b", "\u{200b}", &"x".repeat(41)] {
        assert_eq!(
            Brand::new(name, "#0b5fff", None).unwrap_err(),
            BrandError::Name,
            "{name:?}"
        );
    }
    assert_eq!(
        Brand::new("Acme", "blue", None).unwrap_err(),
        BrandError::Accent
    );
}

#[test]
fn the_mark_takes_the_colour_of_the_brand() {
    assert!(MARK.contains(MARK_ACCENT) && MARK.contains(MARK_TEXT));
    let brand = Brand::new("Acme", "#ffe600", None).unwrap();
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
    let brand = Brand::new("Acme", "#ffffff", None).unwrap();
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
