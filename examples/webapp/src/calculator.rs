//! `GET /calculator`: a feature, explained in `docs/how-to/add-a-feature-to-the-webapp.md`.

use askama::Template;
use axum::{extract::State, response::Response};
use cardea_client::{LoggedIn, QueryPairs};
use http::StatusCode;

use crate::page::{App, Frame, page};

/// The operations on two numbers: name in the address, sign on the page.
const OPERATIONS: [(&str, &str); 4] = [
    ("add", "+"),
    ("subtract", "−"),
    ("multiply", "×"),
    ("divide", "÷"),
];
/// The length of the longest integer that fits the type.
const MAX_DIGITS: usize = 20;

#[derive(Template)]
#[template(path = "calculator.html")]
struct Calculator<'a> {
    frame: Frame<'a>,
    operations: [(&'static str, &'static str); 4],
    asked: Asked,
    result: Option<Result<String, &'static str>>,
}

/// The typed values, to be shown again.
#[derive(Default)]
struct Asked {
    left: String,
    operation: String,
    right: String,
}

/// Only for logged-in users, because of the argument `user`.
pub(crate) async fn show(State(app): State<App>, user: LoggedIn, query: QueryPairs) -> Response {
    let asked = Asked::read(&query);
    let result = asked.as_ref().map(calculate);
    let status = match result {
        Some(Err(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::OK,
    };
    let calculator = Calculator {
        frame: app.frame(Some(&user)),
        operations: OPERATIONS,
        asked: asked.unwrap_or_default(),
        result,
    };
    page(status, &calculator)
}

impl Asked {
    /// The calculation in the address; `None` on the first visit.
    fn read(QueryPairs(pairs): &QueryPairs) -> Option<Self> {
        let value = |name: &str| {
            let found = pairs.iter().find(|(own, _)| own == name);
            found.map(|(_, value)| value.trim().chars().take(MAX_DIGITS + 1).collect())
        };
        Some(Self {
            left: value("left")?,
            operation: value("operation")?,
            right: value("right")?,
        })
    }
}

fn calculate(asked: &Asked) -> Result<String, &'static str> {
    let number = |text: &str| text.parse::<i64>().map_err(|_| "Enter two whole numbers.");
    let (left, right) = (number(&asked.left)?, number(&asked.right)?);
    let result = match asked.operation.as_str() {
        "add" => left.checked_add(right),
        "subtract" => left.checked_sub(right),
        "multiply" => left.checked_mul(right),
        "divide" if right == 0 => return Err("A number can't be divided by zero."),
        "divide" => left.checked_div(right),
        _ => return Err("There is no such operation."),
    };
    let result = result.ok_or("The result is too large.")?;
    match left.checked_rem(right) {
        Some(rest) if asked.operation == "divide" && rest != 0 => {
            Ok(format!("{result}, remainder {rest}"))
        }
        _ => Ok(result.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(left: &str, operation: &str, right: &str) -> Result<String, &'static str> {
        let [left, operation, right] = [left, operation, right].map(str::to_owned);
        calculate(&Asked {
            left,
            operation,
            right,
        })
    }

    #[test]
    fn two_numbers_make_a_third() {
        for (left, operation, right, expected) in [
            ("2", "add", "3", "5"),
            ("2", "subtract", "3", "-1"),
            ("-4", "multiply", "3", "-12"),
            ("12", "divide", "3", "4"),
            ("7", "divide", "2", "3, remainder 1"),
        ] {
            assert_eq!(result(left, operation, right).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn what_can_not_be_calculated_is_said() {
        let (most, least) = (i64::MAX.to_string(), i64::MIN.to_string());
        for (left, operation, right) in [
            ("1", "divide", "0"),
            (&most, "add", "1"),
            (&least, "divide", "-1"),
            (&most, "multiply", "2"),
            ("", "add", "1"),
            ("1.5", "add", "1"),
            ("99999999999999999999", "add", "1"),
            ("1", "power", "2"),
        ] {
            assert!(
                result(left, operation, right).is_err(),
                "{left} {operation} {right}"
            );
        }
    }
}
