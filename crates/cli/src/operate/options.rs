//! The errors of the administration name members of its documents. The operator typed options.

use cardea_server::admin::types::Problem;

use crate::admin::Refused;

/// Members of a document with the options that set them.
pub(super) type Options = &'static [(&'static str, &'static str)];

/// Names the options in the error of a request that they made. `other` is the option for members that have none of their own.
pub(super) fn in_options(error: anyhow::Error, options: Options, other: &str) -> anyhow::Error {
    match error.downcast::<Refused>() {
        Ok(Refused(problem)) => {
            let detail = problem.detail.map(|text| renamed(&text, options, other));
            Refused(Problem { detail, ..problem }).into()
        }
        Err(error) => error,
    }
}

fn renamed(text: &str, options: Options, other: &str) -> String {
    let member = |text: &str| {
        text.bytes().all(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'[' | b']')
        })
    };
    let text = match text.split_once(": ") {
        Some((path, rest)) if member(path) => {
            let name = path.split('[').next().unwrap_or(path);
            let option = options.iter().find(|(member, _)| *member == name);
            match option {
                Some((_, option)) => format!("{option}: {rest}"),
                None => format!("{other} {path}: {rest}"),
            }
        }
        _ => text.to_owned(),
    };
    // `member = "value"` in a sentence says what to set.
    options.iter().fold(text, |text, (member, option)| {
        let Some((before, after)) = text.split_once(&format!("{member} = \"")) else {
            return text;
        };
        match after.split_once('"') {
            Some((value, after)) => format!("{before}{option} {value}{after}"),
            None => text,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: Options = &[
        ("redirect_uris", "--redirect-uri"),
        ("token_endpoint_auth_method", "--auth-method"),
        ("client_secret", "--secret-stdin"),
    ];

    #[test]
    fn n5_errors_name_the_option_that_was_typed() {
        for (text, expected) in [
            (
                "redirect_uris: http://a.example: it is not https",
                "--redirect-uri: http://a.example: it is not https",
            ),
            (
                "client_secret: the authentication method needs a secret; add one, or set token_endpoint_auth_method = \"none\"",
                "--secret-stdin: the authentication method needs a secret; add one, or set --auth-method none",
            ),
            (
                "redirect_uris[1]: invalid type",
                "--redirect-uri: invalid type",
            ),
            (
                "logo_uri: it is not an https URL",
                "--set logo_uri: it is not an https URL",
            ),
            ("There is no client x: y.", "There is no client x: y."),
        ] {
            assert_eq!(renamed(text, OPTIONS, "--set"), expected);
        }
    }
}
