//! The registered value that is most like one that was sent.

/// Longer values are compared by their beginning, which bounds the work for a hostile one.
const MAX_COMPARED_CHARS: usize = 160;
/// From this likeness on a value may be what was meant.
const SIMILAR: f64 = 0.6;

/// The candidate most like `sent`.
pub fn nearest<'a>(sent: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    most_like(sent, candidates).map(|(_, candidate)| candidate)
}

/// The candidate most like `sent`, if it is like enough to be what was meant.
pub fn similar<'a>(sent: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (likeness, candidate) = most_like(sent, candidates)?;
    (likeness >= SIMILAR).then_some(candidate)
}

fn most_like<'a>(
    sent: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<(f64, &'a str)> {
    let short = |text: &str| -> String {
        let chars = text.trim().chars().take(MAX_COMPARED_CHARS);
        chars.flat_map(char::to_lowercase).collect()
    };
    let sent = short(sent);
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        let likeness = strsim::normalized_damerau_levenshtein(&sent, &short(candidate));
        if best.is_none_or(|(most, _)| likeness > most) {
            best = Some((likeness, candidate));
        }
    }
    best
}
