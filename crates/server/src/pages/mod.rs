//! What all pages share: the frame, the brand, the assets, the policies.

mod app_line;
mod assets;
mod back;
mod brand;
mod colour;
pub(crate) mod csp;
mod html;
mod shell;
#[cfg(test)]
mod tests;
mod user_line;
mod when;

pub(crate) use app_line::AppLine;
pub(crate) use assets::{Assets, PASSKEY_SCRIPT, SCRIPT};
pub(crate) use back::Back;
pub(crate) use brand::{Brand, BrandParts, DARK_GROUND, LIGHT_GROUND, Logo};
pub(crate) use colour::Colour;
pub(crate) use html::{html, refused};
pub(crate) use shell::Shell;
pub(crate) use user_line::UserLine;
pub(crate) use when::When;

/// A hostile name, for the samples.
#[cfg(test)]
pub(crate) const HOSTILE: &str = "<script>alert(\"'&\")</script>\u{202e}";
