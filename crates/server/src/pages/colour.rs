use std::fmt;

/// A colour of the screen (sRGB).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

impl Colour {
    pub(crate) const BLACK: Self = Self::new(0, 0, 0);
    pub(crate) const WHITE: Self = Self::new(255, 255, 255);

    pub(crate) const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Reads `#rgb` or `#rrggbb`, and nothing else of CSS.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits: Vec<u8> = text
            .strip_prefix('#')?
            .chars()
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()?;
        match *digits.as_slice() {
            [r, g, b] => Some(Self::new(r * 17, g * 17, b * 17)),
            [r1, r2, g1, g2, b1, b2] => Some(Self::new(r1 * 16 + r2, g1 * 16 + g2, b1 * 16 + b2)),
            _ => None,
        }
    }

    /// The contrast to another colour, 1 to 21 (WCAG 2.2, "contrast ratio").
    pub(crate) fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// White or black, whichever is readable on this colour: one of them always has 4.5 and more.
    pub(crate) fn text_on(self) -> Self {
        if self.contrast(Self::WHITE) >= 4.5 {
            Self::WHITE
        } else {
            Self::BLACK
        }
    }

    /// This colour, moved towards `end` as little as gives `ratio` against `ground`.
    pub(crate) fn moved_until(self, ratio: f64, ground: Self, end: Self) -> Self {
        (0..=100)
            .map(|percent| self.mixed(end, percent))
            .find(|colour| colour.contrast(ground) >= ratio)
            .unwrap_or(end)
    }

    /// This colour with so many percent of another.
    pub(crate) fn mixed(self, other: Self, percent: u8) -> Self {
        let part = |from: u8, to: u8| {
            let (from, to, percent) = (u32::from(from), u32::from(to), u32::from(percent.min(100)));
            u8::try_from((from * (100 - percent) + to * percent) / 100).unwrap_or(u8::MAX)
        };
        Self::new(
            part(self.red, other.red),
            part(self.green, other.green),
            part(self.blue, other.blue),
        )
    }

    /// A light colour of the same hue, for dark pages: only white would wash it out.
    pub(crate) fn tint(self) -> Self {
        let strongest = u32::from(self.red.max(self.green).max(self.blue));
        let full = |channel: u8| {
            let scaled = (u32::from(channel) * 255).checked_div(strongest);
            scaled
                .and_then(|value| u8::try_from(value).ok())
                .unwrap_or(u8::MAX)
        };
        Self::new(full(self.red), full(self.green), full(self.blue)).mixed(Self::WHITE, 60)
    }

    /// WCAG 2.2, "relative luminance".
    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Colour;

    #[test]
    fn only_hexadecimal_colours_are_colours() {
        assert_eq!(Colour::parse("#0f8").unwrap().to_string(), "#00ff88");
        assert_eq!(Colour::parse("#0B5FFF").unwrap().to_string(), "#0b5fff");
        for text in [
            "",
            "#",
            "red",
            "0b5fff",
            "#0b5ff",
            "#0b5fff00",
            "#12345g",
            "#é12",
            "#fff;}body{",
        ] {
            assert_eq!(Colour::parse(text), None, "{text}");
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        let grey = Colour::parse("#767676").unwrap();
        assert!((grey.contrast(Colour::WHITE) - 4.54).abs() < 0.01);
        assert!((Colour::BLACK.contrast(Colour::WHITE) - 21.0).abs() < 0.001);
        assert!((grey.contrast(grey) - 1.0).abs() < 0.001);
    }
}
