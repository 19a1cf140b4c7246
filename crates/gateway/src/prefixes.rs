//! The one matcher of paths against configured prefixes, for routes and for the rules of forward-auth.
//!
//! A path is read twice: strictly, as it is written, and loosely, as the most lenient application would read it. Where both
//! readings name different prefixes the path is refused, because the gateway would decide by one and the application by the
//! other.

use std::borrow::Cow;

use icu_normalizer::DecomposingNormalizerBorrowed;

use crate::path::is_under;

/// How often a path is percent-decoded for the loose reading.
const DECODINGS: usize = 4;

/// Configured prefixes, of which a path is under one or none.
pub(crate) struct Prefixes {
    prefixes: Vec<Prefix>,
    // Whether the loose reading of each prefix is the prefix itself.
    all_plain: bool,
}

struct Prefix {
    // Without a trailing slash; empty for `/`.
    strict: Box<str>,
    segments: Vec<Box<str>>,
}

/// The prefix of a path, by its position in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The longest prefix.
    pub(crate) prefix: Option<usize>,
    /// All other prefixes whose rules hold too, because frameworks serve their content here as well: with a format (`/admin.json`),
    /// without one (`/login` for `/login.php`), or behind a script (`/index.php/admin`).
    pub(crate) also: Vec<usize>,
}

impl Found {
    fn add(&mut self, index: usize) {
        if self.prefix != Some(index) && !self.also.contains(&index) {
            self.also.push(index);
        }
    }
}

/// Applications could read the path as one under another prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ambiguous;

/// How a prefix matches the loose reading of a path.
#[derive(PartialEq, Eq)]
enum Match {
    Whole,
    // A segment has a format more or less.
    WithFormat,
}

impl Prefixes {
    /// These prefixes, which are checked paths without a trailing slash.
    pub(crate) fn new<'a>(prefixes: impl IntoIterator<Item = &'a str>) -> Self {
        let prefix = |strict: &'a str| Prefix {
            strict: strict.into(),
            segments: segments(&fold(strict)),
        };
        let prefixes: Vec<_> = prefixes.into_iter().map(prefix).collect();
        Self {
            all_plain: prefixes.iter().all(|prefix| is_plain(&prefix.strict)),
            prefixes,
        }
    }

    /// The prefix of a checked path.
    pub(crate) fn find(&self, path: &str) -> Result<Found, Ambiguous> {
        let strict = self.longest_strict(path);
        let mut found = Found {
            prefix: strict,
            also: Vec::new(),
        };
        if self.all_plain && is_plain(path) {
            return Ok(found);
        }
        let depth = |index: Option<usize>| {
            let prefix = index.and_then(|index| self.prefixes.get(index));
            prefix.map_or(0, |prefix| prefix.segments.len())
        };
        let folded = fold(path);
        for reading in [Cow::Borrowed(&*folded), ascii_only(&folded)] {
            let reading = segments(&reading);
            let mut is_strict_among = strict.is_none();
            for (index, prefix) in self.prefixes.iter().enumerate() {
                match prefix.matches(reading.iter()) {
                    Some(Match::Whole) if prefix.segments.len() > depth(strict) => {
                        return Err(Ambiguous);
                    }
                    Some(Match::Whole) => is_strict_among |= strict == Some(index),
                    Some(Match::WithFormat) => found.add(index),
                    None => {}
                }
            }
            self.behind_scripts(&reading, &mut found);
            // A non-ASCII prefix has no reading in ASCII.
            let is_ascii = strict.is_none_or(|index| {
                let prefix = self.prefixes.get(index);
                prefix.is_none_or(|prefix| prefix.strict.is_ascii())
            });
            if !is_strict_among && (is_ascii || !reading_is_ascii(&reading)) {
                return Err(Ambiguous);
            }
        }
        Ok(found)
    }

    /// Adds the prefixes that a script could read behind its own name: all of the rest, its end behind a folder of the script
    /// (`/index.php/public/admin`), or the rest below the folder before the script. `/` is not among them: it is under every rule.
    fn behind_scripts(&self, path: &[Box<str>], found: &mut Found) {
        let scripts: Vec<usize> = (0..path.len())
            .filter(|at| path.get(*at).is_some_and(|one| is_script(one)))
            .collect();
        let Some(&first) = scripts.first() else {
            return;
        };
        for (index, prefix) in self.prefixes.iter().enumerate() {
            let length = prefix.segments.len();
            let matches_end =
                |from: usize| length > 0 && prefix.matches(path.iter().skip(from)).is_some();
            // What matches before the script says nothing about the script.
            let matches_without = |script: usize| {
                let rest = path.iter().skip(script + 1);
                length > script
                    && prefix
                        .matches(path.iter().take(script).chain(rest))
                        .is_some()
            };
            let matches_without_all = || {
                let others = path.iter().filter(|one| !is_script(one));
                length > first && prefix.matches(others).is_some()
            };
            if (first + 1..path.len()).any(matches_end)
                || scripts.iter().any(|script| matches_without(*script))
                || matches_without_all()
            {
                found.add(index);
            }
        }
    }

    fn longest_strict(&self, path: &str) -> Option<usize> {
        let prefixes = self.prefixes.iter().enumerate();
        let under = prefixes.filter(|(_, prefix)| is_under(path, &prefix.strict));
        let longest = under.max_by_key(|(_, prefix)| prefix.strict.len());
        longest.map(|(index, _)| index)
    }
}

impl Prefix {
    fn matches<'a>(&self, mut path: impl Iterator<Item = &'a Box<str>>) -> Option<Match> {
        let mut matched = Match::Whole;
        for wanted in &self.segments {
            let segment = path.next()?;
            if is_read_as(segment, wanted) {
                continue;
            }
            if !has_format(segment, wanted) && !lacks_format(segment, wanted) {
                return None;
            }
            matched = Match::WithFormat;
        }
        Some(matched)
    }
}

/// Whether an application that cuts a segment off somewhere reads it as `wanted`: at path parameters (`;x`, `,x`), at a stream
/// of NTFS (`:x`, `::$DATA`), at trailing dots and blanks, or at an encoded `?` or `#`; or that accepts the short names of Windows.
fn is_read_as(segment: &str, wanted: &str) -> bool {
    let Some(rest) = segment.strip_prefix(wanted) else {
        return is_short_name(segment, wanted);
    };
    match rest.bytes().next() {
        None => true,
        Some(b'.') => !is_format(rest),
        Some(byte) => is_cut(byte),
    }
}

/// Whether applications could take what begins with this sign off the end of a name.
fn is_cut(sign: u8) -> bool {
    sign.is_ascii() && !sign.is_ascii_alphanumeric() && !b"-_~@.".contains(&sign)
}

fn has_format(segment: &str, wanted: &str) -> bool {
    segment.strip_prefix(wanted).is_some_and(is_format)
}

/// Whether the segment is the wanted name without its format, as web servers accept it (`/login` for `login.php`).
fn lacks_format(segment: &str, wanted: &str) -> bool {
    let Some((name, format)) = wanted.rsplit_once('.') else {
        return false;
    };
    let is_format = (2..=5).contains(&format.len())
        && format.starts_with(|first: char| first.is_ascii_alphabetic())
        && format.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_format && !name.is_empty() && is_read_as(segment, name)
}

/// Whether Windows could open the wanted name by this short one (`ADMINI~1` for `administration`).
fn is_short_name(segment: &str, wanted: &str) -> bool {
    let Some((base, number)) = segment.split_once('~') else {
        return false;
    };
    if wanted.len() <= 8 && !wanted.contains(['.', ' ']) || base.is_empty() || base.len() > 6 {
        return false;
    }
    let long: String = wanted
        .chars()
        .filter(|one| !matches!(one, '.' | ' '))
        .collect();
    // From the fifth on, two characters of the name and four of its hash.
    let hashed = base.get(2..).filter(|hash| hash.len() == 4);
    let is_hash = |hash: &str| hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_hashed =
        hashed.is_some_and(is_hash) && base.get(..2).is_some_and(|two| long.starts_with(two));
    number.starts_with(|first: char| first.is_ascii_digit())
        && (long.starts_with(base) || is_hashed)
}

/// Whether a segment could be the name of a script, which gets the rest of the path: a name with a format of any kind, as servers
/// are configured for many. A version (`v1.2`) is none.
fn is_script(segment: &str) -> bool {
    let end = segment.bytes().position(is_cut).unwrap_or(segment.len());
    let name = segment.get(..end).unwrap_or(segment).trim_end_matches('.');
    let Some((name, format)) = name.rsplit_once('.') else {
        return false;
    };
    name == "index" || format.starts_with(|first: char| first.is_ascii_alphabetic())
}

/// Whether this is a dot with a name behind it.
fn is_format(rest: &str) -> bool {
    let name = rest.strip_prefix('.').unwrap_or_default();
    name.starts_with(|first: char| first.is_alphanumeric())
}

/// Whether the loose reading of a path is the path itself, which needs no further look.
fn is_plain(path: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'/');
    path.bytes().all(plain)
}

/// The path in the form of the most lenient application: decoded again, in lower case, with compatibility characters (full-width
/// letters, ligatures) replaced, without marks and without characters that are not visible.
fn fold(path: &str) -> String {
    let mut decoded = Cow::Borrowed(path);
    for _ in 0..DECODINGS {
        match decode_again(&decoded) {
            Some(again) => decoded = Cow::Owned(again),
            None => break,
        }
    }
    if decoded.is_ascii() {
        return decoded.to_ascii_lowercase();
    }
    let nfkd = DecomposingNormalizerBorrowed::new_nfkd();
    // Characters of which only the upper case is ASCII (ı, ſ) are read as that by an application that compares in upper case.
    let upper: String = nfkd.normalize(&decoded).to_uppercase();
    let lower = upper.to_lowercase();
    let decomposed = nfkd.normalize(&lower);
    decomposed
        .chars()
        .filter(|one| !is_ignorable(*one))
        .map(best_fit)
        .collect()
}

/// The reading of an application that drops what it cannot represent.
fn ascii_only(folded: &str) -> Cow<'_, str> {
    match folded.is_ascii() {
        true => Cow::Borrowed(folded),
        false => Cow::Owned(folded.chars().filter(char::is_ascii).collect()),
    }
}

fn reading_is_ascii(reading: &[Box<str>]) -> bool {
    reading.iter().all(|segment| segment.is_ascii())
}

/// The path with its percent-encoded bytes decoded, `%uXXXX` of older servers included; `None` when there are none.
fn decode_again(path: &str) -> Option<String> {
    if !path.contains('%') {
        return None;
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path;
    let mut is_changed = false;
    while let Some(at) = rest.find('%') {
        let (before, encoded) = rest.split_at(at);
        bytes.extend_from_slice(before.as_bytes());
        let (decoded, length) = match (hex(encoded, 1, 2), hex(encoded, 2, 4)) {
            (Some(byte), _) => (
                u8::try_from(byte).map_or_else(|_| Vec::new(), |b| vec![b]),
                3,
            ),
            (None, Some(unit)) if encoded.starts_with("%u") || encoded.starts_with("%U") => {
                let one = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
                (one.to_string().into_bytes(), 6)
            }
            _ => (vec![b'%'], 1),
        };
        is_changed |= length > 1;
        bytes.extend(decoded);
        rest = encoded.get(length..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    is_changed.then(|| String::from_utf8_lossy(&bytes).into_owned())
}

fn hex(text: &str, from: usize, digits: usize) -> Option<u32> {
    let digits = text.get(from..from + digits)?;
    let are_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    are_hex.then(|| u32::from_str_radix(digits, 16).ok())?
}

/// Marks, and characters without a width of their own (Unicode `Default_Ignorable_Code_Point`).
fn is_ignorable(one: char) -> bool {
    matches!(
        one,
        '\u{00ad}'
            | '\u{0300}'..='\u{036f}'
            | '\u{061c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{fe20}'..='\u{fe2f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffd}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// What legacy code pages make of a character that they do not have.
fn best_fit(one: char) -> char {
    match one {
        '\u{2044}' | '\u{2215}' | '\u{29f8}' => '/',
        '\u{a5}' | '\u{20a9}' | '\u{2216}' | '\u{29f5}' => '\\',
        '\u{3002}' => '.',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2028}' | '\u{2029}' | '\u{85}' => ' ',
        other => other,
    }
}

/// The segments of a folded path, with dot segments resolved and empty ones left out.
fn segments(folded: &str) -> Vec<Box<str>> {
    let mut segments: Vec<Box<str>> = Vec::new();
    for segment in folded.split(['/', '\\']) {
        let name = segment.split(';').next().unwrap_or_default();
        // ASP.NET takes a session in the path (`(S(x))`) off.
        let is_session = segment.starts_with('(') && segment.ends_with("))");
        match name.trim_matches(|one: char| one.is_whitespace() || one.is_control()) {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ if is_session => {}
            _ => {
                let from_start =
                    segment.trim_start_matches(|one: char| one.is_whitespace() || one.is_control());
                segments.push(from_start.into());
            }
        }
    }
    segments
}

#[cfg(test)]
#[path = "prefixes_tests.rs"]
mod tests;
