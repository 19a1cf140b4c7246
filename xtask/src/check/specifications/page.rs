//! The page `docs/reference/specifications.md`.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Section, citation::Citation};

const HEAD: &str = "\
# Specifications

<!-- Made from the comments of `crates/`. Don't edit it here: cargo xtask check --write -->

The rules of the specifications, with their code and tests. A comment above the code that enforces a rule cites its section; this
page collects these comments. Rules without a citation are not listed, so the page may be incomplete.

A **test** is listed here when it cites the section, or when it is in the test module of the code and names the item. It need not
cover the whole rule. Without such a test, the page has the number of tests in the module: they may reach the rule through another
function. Sections with neither are repeated at the end.

";

/// The titles of the RFCs.
const TITLES: &[(&str, &str)] = &[
    ("RFC 3986", "Uniform Resource Identifier (URI)"),
    ("RFC 5869", "HMAC-based key derivation (HKDF)"),
    ("RFC 6265", "HTTP State Management (cookies)"),
    (
        "RFC 6265bis",
        "HTTP State Management (cookies), the draft that replaces it",
    ),
    ("RFC 6454", "The Web Origin Concept"),
    ("RFC 6749", "The OAuth 2.0 Authorization Framework"),
    ("RFC 6750", "Bearer Token Usage"),
    ("RFC 6797", "HTTP Strict Transport Security"),
    ("RFC 7009", "Token Revocation"),
    ("RFC 7515", "JSON Web Signature (JWS)"),
    ("RFC 7517", "JSON Web Key (JWK)"),
    ("RFC 7518", "JSON Web Algorithms (JWA)"),
    ("RFC 7519", "JSON Web Token (JWT)"),
    ("RFC 7521", "Assertion Framework for OAuth 2.0"),
    ("RFC 7523", "JWT Profile for Client Authentication"),
    ("RFC 7591", "Dynamic Client Registration: names of metadata"),
    ("RFC 7617", "The Basic HTTP Authentication Scheme"),
    ("RFC 7636", "Proof Key for Code Exchange (PKCE)"),
    ("RFC 7638", "JWK Thumbprint"),
    ("RFC 7662", "Token Introspection"),
    ("RFC 7797", "JWS Unencoded Payload Option"),
    (
        "RFC 8032",
        "Edwards-Curve Digital Signature Algorithm (EdDSA)",
    ),
    ("RFC 8037", "CFRG Curves in JOSE"),
    ("RFC 8176", "Authentication Method Reference Values"),
    ("RFC 8252", "OAuth 2.0 for Native Apps"),
    ("RFC 8410", "Algorithm Identifiers for Ed25519"),
    ("RFC 8414", "Authorization Server Metadata"),
    ("RFC 8452", "AES-GCM-SIV"),
    ("RFC 8707", "Resource Indicators"),
    ("RFC 8725", "JWT Best Current Practices"),
    ("RFC 9110", "HTTP Semantics"),
    ("RFC 9068", "JWT Profile for Access Tokens"),
    ("RFC 9207", "Authorization Server Issuer Identification"),
    ("RFC 9457", "Problem Details for HTTP APIs"),
    ("RFC 9470", "Step Up Authentication Challenge"),
    ("RFC 9700", "Best Current Practice for OAuth 2.0 Security"),
];

pub(super) fn render(sections: &BTreeMap<Citation, Section>) -> String {
    let mut page = HEAD.to_owned();
    let mut sorted: Vec<_> = sections.iter().collect();
    sorted.sort_by_cached_key(|(citation, _)| {
        (citation.specification.clone(), order(&citation.section))
    });
    line(&mut page, &summary(sections));
    let mut last = "";
    for (citation, section) in &sorted {
        if citation.specification != last {
            last = &citation.specification;
            line(&mut page, &format!("\n## {}\n", title(last)));
            line(&mut page, "| section | code | tests |\n|---|---|---|");
        }
        line(
            &mut page,
            &format!(
                "| {} | {} | {} |",
                name(&citation.section),
                code(section),
                tests(section)
            ),
        );
    }
    line(&mut page, "\n## Sections without any test\n");
    // A citation of a whole specification is the topic of a file, not a rule to test.
    let untested = sorted
        .iter()
        .filter(|(c, s)| !c.section.is_empty() && s.tests.is_empty() && s.beside.is_empty());
    for (citation, section) in untested {
        let files: Vec<_> = section.code.keys().map(|path| link(path)).collect();
        line(
            &mut page,
            &format!(
                "- {} {}: {}",
                citation.specification,
                name(&citation.section),
                files.join(", ")
            ),
        );
    }
    page
}

fn line(page: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(page, "{text}");
}

fn summary(sections: &BTreeMap<Citation, Section>) -> String {
    let counted = || {
        sections
            .iter()
            .filter(|(citation, _)| !citation.section.is_empty())
            .map(|(_, section)| section)
    };
    let named = counted().filter(|s| !s.tests.is_empty()).count();
    let beside = counted()
        .filter(|s| s.tests.is_empty() && !s.beside.is_empty())
        .count();
    let all = counted().count();
    let none = all - named - beside;
    format!(
        "{all} sections: {named} with tests by name, {beside} with tests only in the module, {none} without any."
    )
}

fn title(specification: &str) -> String {
    match TITLES.iter().find(|(number, _)| *number == specification) {
        Some((_, title)) => format!("{specification}: {title}"),
        None => specification.to_owned(),
    }
}

/// Sections by their numbers, appendices after them.
fn order(section: &str) -> (bool, Vec<u32>, String) {
    let numbers = section
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect();
    (section.starts_with("appendix"), numbers, section.to_owned())
}

fn name(section: &str) -> String {
    match section {
        "" => "the whole".to_owned(),
        appendix if appendix.starts_with("appendix") => appendix.to_owned(),
        number => format!("§{number}"),
    }
}

fn code(section: &Section) -> String {
    let files = section.code.iter().map(|(path, items)| {
        let items: Vec<_> = items.iter().map(|item| format!("`{item}`")).collect();
        if items.is_empty() {
            link(path)
        } else {
            format!("{}: {}", link(path), items.join(", "))
        }
    });
    files.collect::<Vec<_>>().join("<br>")
}

fn tests(section: &Section) -> String {
    if !section.tests.is_empty() {
        let mut by_file = BTreeMap::<&str, Vec<String>>::new();
        for (name, path) in &section.tests {
            by_file.entry(path).or_default().push(format!("`{name}`"));
        }
        let files = by_file
            .iter()
            .map(|(path, names)| format!("{}: {}", link(path), names.join(", ")));
        return files.collect::<Vec<_>>().join("<br>");
    }
    if section.beside.is_empty() {
        return "**none**".to_owned();
    }
    let files = section
        .beside
        .iter()
        .map(|(path, count)| format!("{} ({count})", link(path)));
    format!("in the module: {}", files.collect::<Vec<_>>().join(", "))
}

fn link(path: &str) -> String {
    let short = path.trim_start_matches("crates/").replace("/src/", "/");
    format!("[{short}](../../{path})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_in_the_order_of_their_numbers() {
        let mut sections = ["appendix A", "4.10", "4.9", "", "4.1.3", "4.1"];
        sections.sort_by_key(|section| order(section));
        assert_eq!(sections, ["", "4.1", "4.1.3", "4.9", "4.10", "appendix A"]);
    }

    #[test]
    fn a_section_without_a_test_can_be_seen() {
        let citation = Citation {
            specification: "RFC 7636".to_owned(),
            section: "4.6".to_owned(),
        };
        let mut section = Section::default();
        section
            .code
            .entry("crates/protocol/src/pkce.rs".to_owned())
            .or_default()
            .insert("verify".to_owned());
        let page = render(&BTreeMap::from([(citation, section)]));
        assert!(page.contains(
            "| §4.6 | [protocol/pkce.rs](../../crates/protocol/src/pkce.rs): `verify` | **none** |"
        ));
        assert!(
            page.ends_with(
                "- RFC 7636 §4.6: [protocol/pkce.rs](../../crates/protocol/src/pkce.rs)\n"
            )
        );
    }
}
