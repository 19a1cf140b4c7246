//! The link to the first account.

use async_trait::async_trait;
use cardea_seal::Digest;
use jiff::Timestamp;

use super::{
    PostgresStore,
    connection::{Connection, read, transaction},
    fault::{Verb, conflict},
    organizations, rows,
    statement::params,
    users,
};
use crate::{Constraint, FirstAccount, MakeFirstAccount, PutMember, Result};

#[async_trait]
impl FirstAccount for PostgresStore {
    async fn offer_first_account(&self, token: Digest, expires_at: Timestamp) -> Result<bool> {
        transaction!(self, db => offer(&db, token, expires_at))
    }

    async fn has_first_account_link(&self, token: Digest, now: Timestamp) -> Result<bool> {
        read!(self, db => has_link(&db, token, now))
    }

    async fn make_first_account(&self, command: MakeFirstAccount) -> Result<bool> {
        transaction!(self, db => make(&db, &command))
    }
}

async fn offer(db: &Connection, token: Digest, expires_at: Timestamp) -> Verb<bool> {
    let sql = "INSERT INTO first_account (one, token_hash, expires_at)
               SELECT 1, :token, :expires WHERE NOT EXISTS (SELECT 1 FROM users)
               ON CONFLICT (one) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at";
    let params = params! {
        ":token": token.as_bytes(),
        ":expires": expires_at.as_millisecond(),
    };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(false);
    }
    // The first account may have been made while the statement waited for its row.
    let sql = "DELETE FROM first_account WHERE EXISTS (SELECT 1 FROM users)";
    Ok(rows::execute(db, sql, params! {}).await? == 0)
}

async fn has_link(db: &Connection, token: Digest, now: Timestamp) -> Verb<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM first_account WHERE token_hash = :token AND expires_at > :now)
                  AND NOT EXISTS (SELECT 1 FROM users)";
    let params = params! { ":token": token.as_bytes(), ":now": now.as_millisecond() };
    Ok(rows::value(db, sql, params).await?.unwrap_or(false))
}

async fn make(db: &Connection, command: &MakeFirstAccount) -> Verb<bool> {
    let MakeFirstAccount {
        token,
        add,
        organizations,
    } = command;
    // Single use: of two that found it one removes it.
    let sql = "DELETE FROM first_account
               WHERE token_hash = :token AND expires_at > :now AND NOT EXISTS (SELECT 1 FROM users)";
    let params = params! {
        ":token": token.as_bytes(),
        ":now": add.cause.now.as_millisecond(),
    };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(false);
    }
    users::add(db, add).await?;
    for (organization, roles) in organizations {
        let command = PutMember {
            organization: organization.clone(),
            subject: add.user.subject.clone(),
            roles: roles.clone(),
            before: None,
            cause: add.cause.clone(),
        };
        if !organizations::put_member(db, &command).await? {
            return Err(conflict(Constraint::ChangedMeanwhile));
        }
    }
    Ok(true)
}
