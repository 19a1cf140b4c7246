//! No file of the repository names the machine it was written on, or a package mirror.

use super::{Finding, files::File};

/// Folders at the root of a file system that hold users' files.
const PERSONAL: &[&str] = &["work", "root", "home", "Users"];

/// Hosts that packages are fetched from, as name and domain. Which one is used is a setting of the machine.
const HOSTS: &[(&str, &str)] = &[
    ("registry", "npmjs.org"),
    ("index", "crates.io"),
    ("static", "crates.io"),
    ("files", "pythonhosted.org"),
    ("proxy", "golang.org"),
];

/// The one source that a line of Cargo.lock may name.
const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn check(file: &File) -> Vec<Finding> {
    let lines = file.text.lines().enumerate();
    lines
        .filter_map(|(index, line)| {
            let (what, cure) = leak(&file.path, line)?;
            Some(Finding::new(
                format!("{}:{}", file.path, index + 1),
                what,
                cure,
            ))
        })
        .collect()
}

fn leak(path: &str, line: &str) -> Option<(String, &'static str)> {
    if let Some(folder) = PERSONAL.iter().find(|folder| names_folder(line, folder)) {
        return Some((
            format!("names the folder /{folder} of one machine"),
            "use a path from the folder of the workspace",
        ));
    }
    if let Some((name, domain)) = HOSTS
        .iter()
        .find(|(name, domain)| line.contains(&format!("{name}.{domain}")))
    {
        return Some((
            format!("names the package host {name}.{domain}"),
            "leave it out; each machine has its own setting",
        ));
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let trimmed = line.trim_start();
    match name {
        "Cargo.lock" if trimmed.starts_with("source = ") && !line.contains(CRATES) => Some((
            "names a source other than crates.io".into(),
            "replace the dependency, or remove the mirror and lock again",
        )),
        "package-lock.json" if trimmed.starts_with("\"resolved\": \"http") => Some((
            "names the host a package came from".into(),
            "`npm install --package-lock-only --omit-lockfile-registry-resolved`",
        )),
        ".npmrc" if trimmed.contains("registry") && !trimmed.starts_with("omit-") => Some((
            "sets a package registry".into(),
            "set it on the machine, not here",
        )),
        _ if name.starts_with("requirements") && trimmed.contains("index-url") => Some((
            "sets a package index".into(),
            "set it on the machine, not here",
        )),
        _ => None,
    }
}

/// Whether `/folder/` is the beginning of a path, not part of a URL or a longer path.
fn names_folder(line: &str, folder: &str) -> bool {
    let needle = format!("/{folder}/");
    line.match_indices(&needle).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        before.is_none_or(|c| !(c.is_alphanumeric() || "._-~}*)".contains(c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaks(path: &str, line: &str) -> bool {
        !check(&File::new(path, line)).is_empty()
    }

    fn at_root(folder: &str) -> String {
        format!("/{folder}/")
    }

    #[test]
    fn a_path_of_a_machine_is_found() {
        assert!(leaks(
            "a.md",
            &format!("see {}alice/notes", at_root("home"))
        ));
        assert!(leaks("a.rs", &format!("(\"{}main\")", at_root("work"))));
        assert!(leaks(
            "a.toml",
            &format!("path = file://{}x", at_root("root"))
        ));
    }

    #[test]
    fn a_path_of_a_url_or_of_the_workspace_is_not() {
        assert!(!leaks(
            "a.md",
            &format!("https://example.com{}alice", at_root("home"))
        ));
        assert!(!leaks(
            "a.md",
            &format!(
                "docs{}page.md and ${{dir}}{}",
                at_root("work"),
                at_root("work")
            )
        ));
        assert!(!leaks("a.md", "homework/rooted"));
    }

    #[test]
    fn a_package_host_is_found_with_its_line() {
        let text = format!("\n\nhttps://registry.{}/x", "npmjs.org");
        assert_eq!(check(&File::new("a.md", &text))[0].place, "a.md:3");
    }

    #[test]
    fn lock_files_name_no_mirror() {
        assert!(!leaks("Cargo.lock", &format!("source = \"{CRATES}\"")));
        assert!(leaks(
            "Cargo.lock",
            "source = \"registry+https://mirror.example/index\""
        ));
        assert!(leaks(
            "tests/e2e/package-lock.json",
            "      \"resolved\": \"https://mirror.example/x.tgz\","
        ));
        assert!(!leaks(
            "tests/e2e/package-lock.json",
            "      \"integrity\": \"sha512-x\","
        ));
        assert!(leaks(
            "tests/interop/requirements.txt",
            "--index-url https://mirror.example/simple"
        ));
        assert!(leaks(
            "tests/e2e/.npmrc",
            "registry=https://mirror.example/"
        ));
        assert!(!leaks(
            "tests/e2e/.npmrc",
            "omit-lockfile-registry-resolved=true"
        ));
    }
}
