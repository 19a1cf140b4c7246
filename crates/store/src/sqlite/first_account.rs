//! The link to the first account.

use async_trait::async_trait;
use cardea_seal::Digest;
use jiff::Timestamp;
use rusqlite::Connection;

use super::{
    SqliteStore,
    fault::{Verb, conflict},
    organizations, rows, users,
};
use crate::{Constraint, FirstAccount, MakeFirstAccount, PutMember, Result};

#[async_trait]
impl FirstAccount for SqliteStore {
    async fn offer_first_account(&self, token: Digest, expires_at: Timestamp) -> Result<bool> {
        let sql = "INSERT INTO first_account (one, token_hash, expires_at)
                   SELECT 1, ?, ? WHERE NOT EXISTS (SELECT 1 FROM users)
                   ON CONFLICT (one) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at";
        self.write(move |tx| {
            let params = (token.as_bytes(), expires_at.as_millisecond());
            Ok(rows::execute(tx, sql, params)? > 0)
        })
        .await
    }

    async fn has_first_account_link(&self, token: Digest, now: Timestamp) -> Result<bool> {
        let sql = "SELECT 1 FROM first_account
                   WHERE token_hash = ? AND expires_at > ? AND NOT EXISTS (SELECT 1 FROM users)";
        let params = (token.as_bytes(), now.as_millisecond());
        let found: Option<i64> = self.read(|db| rows::value(db, sql, params))?;
        Ok(found.is_some())
    }

    async fn make_first_account(&self, command: MakeFirstAccount) -> Result<bool> {
        self.write(move |tx| make(tx, command)).await
    }
}

fn make(tx: &Connection, command: MakeFirstAccount) -> Verb<bool> {
    let MakeFirstAccount {
        token,
        add,
        organizations,
    } = command;
    // Single use: of two that found it one removes it.
    let sql = "DELETE FROM first_account
               WHERE token_hash = ? AND expires_at > ? AND NOT EXISTS (SELECT 1 FROM users)";
    let params = (token.as_bytes(), add.cause.now.as_millisecond());
    if rows::execute(tx, sql, params)? == 0 {
        return Ok(false);
    }
    users::add(tx, &add)?;
    for (organization, roles) in organizations {
        let command = PutMember {
            organization,
            subject: add.user.subject.clone(),
            roles,
            before: None,
            cause: add.cause.clone(),
        };
        if !organizations::put_member(tx, &command)? {
            return Err(conflict(Constraint::ChangedMeanwhile));
        }
    }
    Ok(true)
}
