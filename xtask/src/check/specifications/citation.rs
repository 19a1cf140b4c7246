//! The citations of a comment: "RFC 6749 §3.1, §3.2" are two sections of one specification.

/// A section of a specification; an empty one means the whole of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Citation {
    pub(super) specification: String,
    pub(super) section: String,
}

/// The short name of a specification that is no RFC, and its name on the page.
const NAMED: &[(&str, &str)] = &[
    ("OpenID Core", "OpenID Connect Core"),
    ("OpenID Discovery", "OpenID Connect Discovery"),
    ("OpenID Registration", "OpenID Connect Registration"),
    ("RP-Initiated Logout", "OpenID Connect RP-Initiated Logout"),
    (
        "Unmet Authentication Requirements",
        "OpenID Connect Unmet Authentication Requirements",
    ),
    ("FIPS 180-4", "FIPS 180-4"),
    ("Fetch §", "Fetch Standard"),
];

/// All citations of a comment, in their order.
pub(super) fn parse(comment: &str) -> Vec<Citation> {
    let mut found = Vec::new();
    let mut open: Option<Open> = None;
    let mut rest = comment;
    while !rest.is_empty() {
        let (skip, step) = step(rest);
        match step {
            Step::Specification(name) => {
                close(&mut found, open.take());
                open = Some(Open { name, sections: 0 });
            }
            // A section of our own design, not of the specification cited before.
            Step::Design => close(&mut found, open.take()),
            Step::Section(section) => {
                if let Some(open) = &mut open {
                    open.sections += 1;
                    found.push(Citation {
                        specification: open.name.clone(),
                        section,
                    });
                }
            }
            Step::Nothing => {}
        }
        rest = rest.get(skip..).unwrap_or_default();
    }
    close(&mut found, open);
    found
}

struct Open {
    name: String,
    sections: usize,
}

fn close(found: &mut Vec<Citation>, open: Option<Open>) {
    if let Some(Open { name, sections: 0 }) = open {
        found.push(Citation {
            specification: name,
            section: String::new(),
        });
    }
}

enum Step {
    Specification(String),
    Section(String),
    Design,
    Nothing,
}

/// The citation at the beginning of the text, and its length in bytes.
fn step(text: &str) -> (usize, Step) {
    if let Some(after) = text.strip_prefix("RFC ") {
        let digits = leading(after, |c| c.is_ascii_digit());
        if digits.len() == 4 {
            let draft = if after.get(4..).is_some_and(|t| t.starts_with("bis")) {
                "bis"
            } else {
                ""
            };
            return (
                8 + draft.len(),
                Step::Specification(format!("RFC {digits}{draft}")),
            );
        }
    }
    if let Some((text, name)) = NAMED.iter().find(|(called, _)| text.starts_with(called)) {
        return (
            text.trim_end_matches('§').len(),
            Step::Specification((*name).to_owned()),
        );
    }
    if let Some(after) = text.strip_prefix('§') {
        let section = section(after);
        let step = if section.is_empty() {
            Step::Nothing
        } else {
            Step::Section(section.to_owned())
        };
        return ('§'.len_utf8() + section.len(), step);
    }
    for (prefix, space) in [("appendix ", 0), (" ", 1)] {
        let Some(after) = text.strip_prefix(prefix) else {
            continue;
        };
        let name = section(after);
        let appendix = name.starts_with(|c: char| c.is_ascii_uppercase());
        // Without the word, only "A.3" is an appendix: "A" may begin a sentence.
        let dotted = name.chars().nth(1) == Some('.') && name.len() > 2;
        if appendix && (space == 0 && name.len() < 8 || dotted) {
            return (
                prefix.len() + name.len(),
                Step::Section(format!("appendix {name}")),
            );
        }
    }
    if text.starts_with("design ") {
        return (7, Step::Design);
    }
    (text.chars().next().map_or(1, char::len_utf8), Step::Nothing)
}

fn section(text: &str) -> &str {
    leading(text, |c| c.is_ascii_alphanumeric() || c == '.').trim_end_matches('.')
}

fn leading(text: &str, wanted: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !wanted(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cited(comment: &str) -> Vec<String> {
        let citations = parse(comment);
        citations
            .iter()
            .map(|c| format!("{}|{}", c.specification, c.section))
            .collect()
    }

    #[test]
    fn a_list_of_sections_belongs_to_the_specification_before_it() {
        assert_eq!(
            cited("RFC 6749 §3.1, §3.2: once."),
            ["RFC 6749|3.1", "RFC 6749|3.2"]
        );
        assert_eq!(
            cited("RFC 7591 §2 and OpenID Registration §2: a kind"),
            ["RFC 7591|2", "OpenID Connect Registration|2"]
        );
        assert_eq!(
            cited("RFC 8252 §7.3 speaks; `localhost` (§8.3)."),
            ["RFC 8252|7.3", "RFC 8252|8.3"]
        );
    }

    #[test]
    fn without_a_section_the_whole_is_cited() {
        assert_eq!(cited("Proof Key, RFC 7636. S256 alone"), ["RFC 7636|"]);
        assert_eq!(
            cited("JWK (RFC 7517), RFC 7638 §3.1"),
            ["RFC 7517|", "RFC 7638|3.1"]
        );
    }

    #[test]
    fn appendices_are_sections() {
        assert_eq!(
            cited("RFC 6749 appendix A.5: VSCHAR"),
            ["RFC 6749|appendix A.5"]
        );
        assert_eq!(cited("The key of RFC 7515 A.3."), ["RFC 7515|appendix A.3"]);
        assert_eq!(cited("RFC 7636 appendix B"), ["RFC 7636|appendix B"]);
        assert_eq!(cited("RFC 7009: A token"), ["RFC 7009|"]);
    }

    #[test]
    fn our_own_design_is_no_specification() {
        assert_eq!(cited("what stands in the file (design §5)"), [""; 0]);
        assert_eq!(cited("RFC 6749 §4 and design §5"), ["RFC 6749|4"]);
        assert_eq!(cited("Fetch a key. A RFC."), [""; 0]);
    }
}
