//! A file has at most 400 lines.

use super::{Finding, files::File};

const LONGEST: usize = 400;
/// The last line for the exception: it must be at the head of the file.
const HEAD: usize = 10;

pub(super) fn check(file: &File) -> Option<Finding> {
    let lines = file.text.lines().count();
    if !file.is_rust() || lines <= LONGEST || excepted(&file.text) {
        return None;
    }
    Some(Finding::new(
        &file.path,
        format!("has {lines} lines, {LONGEST} is the limit"),
        "split it by verb, or say at its head why not: `// length: <reason>`",
    ))
}

fn excepted(text: &str) -> bool {
    text.lines()
        .take(HEAD)
        .filter_map(|line| line.strip_prefix("// length:"))
        .any(|reason| !reason.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_of(lines: usize, head: &str) -> File {
        File::new("a.rs", &format!("{head}\n{}", "//\n".repeat(lines - 1)))
    }

    #[test]
    fn four_hundred_lines_are_enough() {
        assert_eq!(check(&file_of(400, "//")), None);
        assert_eq!(
            check(&file_of(401, "//")).unwrap().what,
            "has 401 lines, 400 is the limit"
        );
    }

    #[test]
    fn only_rust_is_measured() {
        assert_eq!(check(&File::new("vectors.json", &"\n".repeat(900))), None);
    }

    #[test]
    fn an_exception_needs_a_reason_at_the_head() {
        assert_eq!(
            check(&file_of(500, "// length: one table, generated")),
            None
        );
        assert!(check(&file_of(500, "// length: ")).is_some());
        let late = format!("{}// length: too late\n", "//\n".repeat(450));
        assert!(check(&File::new("a.rs", &late)).is_some());
    }
}
