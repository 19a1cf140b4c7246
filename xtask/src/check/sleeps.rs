//! Tests wait for events: a pause that was long enough on one machine is too short on another.

use super::{Finding, files::File};

pub(super) fn check(file: &File) -> Option<Finding> {
    if !file.is_rust() || !file.path.contains("/tests/") {
        return None;
    }
    let sleeps = |line: &str| line.contains("sleep(") && !line.trim_start().starts_with("//");
    let line = file.text.lines().position(sleeps)? + 1;
    Some(Finding::new(
        format!("{}:{line}", file.path),
        "a test sleeps",
        "wait with `until` or `eventually` of the testkit; where the pause is the input, `slowly`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLEEPS: &str = "fn test() {\n    thread::sleep(SECOND);\n}\n";

    #[test]
    fn a_test_that_sleeps_is_found() {
        let finding = check(&File::new("crates/web/tests/it/tls.rs", SLEEPS)).unwrap();
        assert_eq!(finding.place, "crates/web/tests/it/tls.rs:2");
    }

    #[test]
    fn code_may_sleep_and_a_comment_may_say_so() {
        assert_eq!(check(&File::new("crates/web/src/tls.rs", SLEEPS)), None);
        let comment = "    // Not sleep(), which is too short.\n";
        assert_eq!(
            check(&File::new("crates/web/tests/it/tls.rs", comment)),
            None
        );
    }
}
