//! Comma-separated values with a header.

use std::{
    cell::Cell,
    collections::BTreeMap,
    io::{self, Read},
    rc::Rc,
};

use anyhow::bail;
use cardea_server::admin::types::{PortableUser, UserStatus, is_text, may_be_given};
use cardea_web::config::SecretText;
use csv::{Reader as CsvReader, ReaderBuilder, StringRecord};
use serde_json::Value;

use super::source::{MAX_ROW_BYTES, Reader, Row, Sink};

/// What a column holds.
enum Column {
    Sub,
    Username,
    Email,
    EmailVerified,
    Roles,
    Groups,
    Enabled,
    PasswordHash,
    MustChangePassword,
    ExpiresAt,
    Claim(String),
}

pub(super) fn read(reader: Reader, sink: &mut Sink<'_>) -> anyhow::Result<()> {
    let since = Rc::new(Cell::new(0));
    let bounded = Bounded {
        inner: reader,
        since: Rc::clone(&since),
    };
    let mut csv: CsvReader<_> = ReaderBuilder::new().flexible(true).from_reader(bounded);
    let columns = columns(csv.headers()?)?;
    let mut record = StringRecord::new();
    loop {
        since.set(0);
        let line = csv.position().line();
        let place = format!("line {line}");
        match csv.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                let user = user(&columns, &record);
                sink(Row {
                    place: format!("line {line}"),
                    user,
                    notes: Vec::new(),
                })?;
            }
            Err(error) if error.is_io_error() => return Err(error.into()),
            Err(error) => sink(Row::refused(place, error.to_string()))?,
        }
    }
}

fn columns(header: &StringRecord) -> anyhow::Result<Vec<Column>> {
    let mut columns = Vec::new();
    for name in header {
        columns.push(match name.trim() {
            "sub" => Column::Sub,
            "username" => Column::Username,
            "email" => Column::Email,
            "email_verified" => Column::EmailVerified,
            "roles" => Column::Roles,
            "groups" => Column::Groups,
            "enabled" => Column::Enabled,
            "password_hash" => Column::PasswordHash,
            "must_change_password" => Column::MustChangePassword,
            "expires_at" => Column::ExpiresAt,
            "password" => bail!("passwords in clear are not imported; see cardea user import --help"),
            name => match name.strip_prefix("claims.") {
                Some(claim) if may_be_given(claim) => Column::Claim(claim.to_owned()),
                _ if is_text(name) => Column::Claim(name.to_owned()),
                _ => bail!(
                    "the header has an unknown column {name:?}: there are username, email, email_verified, roles, groups, enabled, \
                     password_hash, must_change_password, expires_at, sub, claims of OpenID Connect such as name, and claims.NAME"
                ),
            },
        });
    }
    if !columns
        .iter()
        .any(|column| matches!(column, Column::Username))
    {
        bail!("the header has no column username");
    }
    Ok(columns)
}

fn user(columns: &[Column], record: &StringRecord) -> Result<PortableUser, String> {
    if record.len() != columns.len() {
        return Err(format!(
            "The row has {} fields, and the header {}.",
            record.len(),
            columns.len()
        ));
    }
    let mut user = PortableUser {
        sub: None,
        username: String::new(),
        email: None,
        email_verified: false,
        roles: Vec::new(),
        claims: BTreeMap::new(),
        status: UserStatus::Enabled,
        password_hash: None,
        must_change_password: false,
        expires_at: None,
        created_at: None,
    };
    let filled = columns
        .iter()
        .zip(record)
        .filter(|(_, text)| !text.is_empty());
    for (column, text) in filled {
        if text.chars().any(char::is_control) {
            return Err("A field has a control character.".to_owned());
        }
        let some = || Some(text.to_owned());
        match column {
            Column::Sub => user.sub = some(),
            Column::Username => text.clone_into(&mut user.username),
            Column::Email => user.email = some(),
            Column::EmailVerified => user.email_verified = is_true(text)?,
            Column::Roles => user.roles = words(text),
            Column::Groups => {
                user.claims.insert("groups".to_owned(), words(text).into());
            }
            Column::Enabled => {
                if !is_true(text)? {
                    user.status = UserStatus::Disabled;
                }
            }
            Column::PasswordHash => user.password_hash = Some(SecretText::new(text.to_owned())),
            Column::MustChangePassword => user.must_change_password = is_true(text)?,
            Column::ExpiresAt => {
                let time = text.parse();
                let said = |_| "expires_at is no time such as 2027-01-31T18:00:00Z.".to_owned();
                user.expires_at = Some(time.map_err(said)?);
            }
            Column::Claim(claim) => {
                user.claims
                    .insert(claim.clone(), Value::String(text.to_owned()));
            }
        }
    }
    Ok(user)
}

/// Several values in one field are divided by semicolons.
fn words(text: &str) -> Vec<String> {
    let words = text.split(';').map(str::trim);
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn is_true(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err("A field is neither true nor false.".to_owned()),
    }
}

/// Ends a file in which one row goes on and on, as after a quote that is not closed.
struct Bounded {
    inner: Reader,
    /// The bytes since the last row.
    since: Rc<Cell<usize>>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (mut read, mut kept) = (0, 0);
        while kept == 0 {
            read = self.inner.read(buffer)?;
            if read == 0 {
                break;
            }
            // The lines are counted wrong where they end in CRLF, and no field has a control character.
            for position in 0..read {
                if let Some(byte) = buffer.get(position).copied().filter(|byte| *byte != b'\r') {
                    if let Some(place) = buffer.get_mut(kept) {
                        *place = byte;
                    }
                    kept += 1;
                }
            }
        }
        self.since.set(self.since.get() + read);
        // What is read ahead comes on top.
        match self.since.get() > 2 * MAX_ROW_BYTES {
            true => Err(io::Error::other(
                "a row is longer than 64 KiB: is a quote not closed?",
            )),
            false => Ok(kept),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, source::rows_of};
    use super::*;

    #[test]
    fn rows_are_users() {
        let (rows, outcome) = rows_of(
            Format::Csv,
            "username,email,email_verified,name,roles,groups,enabled,password_hash,claims.department\r\n\
             alice,alice@example.com,true,\"Alice, A\",admin; user,staff,,\"$2b$12$x\",=1+1\r\n\
             bob,,no,,,,false,,\r\n\
             carol,x\r\n\
             dave,,maybe,,,,,,\r\n\
             \"e\tve\",,,,,,,,\r\n",
        );
        outcome.unwrap();
        let places: Vec<_> = rows.iter().map(|row| row.place.as_str()).collect();
        assert_eq!(places, ["line 2", "line 3", "line 4", "line 5", "line 6"]);
        let alice = rows[0].user.as_ref().unwrap();
        assert_eq!(alice.username, "alice");
        assert_eq!(alice.roles, ["admin", "user"]);
        assert_eq!(alice.claims["name"], "Alice, A");
        assert_eq!(alice.claims["groups"][0], "staff");
        // A formula is a text like any other: nothing computes it.
        assert_eq!(alice.claims["department"], "=1+1");
        assert!(alice.email_verified && alice.password_hash.is_some());
        let bob = rows[1].user.as_ref().unwrap();
        assert_eq!((bob.status, &bob.email), (UserStatus::Disabled, &None));
        assert!(rows[2..].iter().all(|row| row.user.is_err()));
    }

    #[test]
    fn a_row_can_limit_its_account() {
        let (rows, outcome) = rows_of(
            Format::Csv,
            "username,must_change_password,expires_at\n\
             alice,yes,2027-01-31T18:00:00+01:00\n\
             bob,,\n\
             carol,soon,\n\
             dave,,tomorrow\n",
        );
        outcome.unwrap();
        let alice = rows[0].user.as_ref().unwrap();
        let end = "2027-01-31T17:00:00Z".parse().unwrap();
        assert!(alice.must_change_password);
        assert_eq!(alice.expires_at, Some(end));
        let bob = rows[1].user.as_ref().unwrap();
        assert_eq!((bob.must_change_password, bob.expires_at), (false, None));
        assert!(rows[2].user.is_err());
        let said = rows[3].user.as_ref().err();
        assert!(said.unwrap().contains("expires_at"));
    }

    #[test]
    fn a_header_is_checked_before_a_row_is_read() {
        for (text, expected) in [
            ("email\na@b\n", "no column username"),
            ("username,password\na,b\n", "in clear"),
            ("username,foo\na,b\n", "foo"),
            ("username,claims.sub\na,b\n", "claims.sub"),
        ] {
            let (rows, outcome) = rows_of(Format::Csv, text);
            let refused = outcome.unwrap_err().to_string();
            assert!(rows.is_empty() && refused.contains(expected), "{refused}");
        }
    }

    #[test]
    fn an_open_quote_does_not_fill_the_memory() {
        let text = format!("username\nalice\n\"{}", "x\n".repeat(1_000_000));
        let (rows, outcome) = rows_of(Format::Csv, &text);
        assert_eq!(rows.len(), 1);
        assert!(outcome.unwrap_err().to_string().contains("quote"));
    }
}
