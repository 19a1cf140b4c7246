//! Access tokens: whether one is active.

use async_trait::async_trait;
use cardea_protocol::{
    model::{GrantId, Jti},
    token::GrantLife,
};
use jiff::Timestamp;

use super::{
    PostgresStore,
    connection::{Connection, read, transaction},
    fault::Verb,
    grant_rows::{
        self, ASSIGNED_COLUMNS, GRANT_COLUMNS, STANDING_COLUMNS, assigned_columns, grant_columns,
        grant_joins, standing_columns,
    },
    revocation,
    rows::{self, Fields},
    statement::params,
    users::{self, user_columns},
};
use crate::{Result, RevokeToken, TokenLife, TokenState, Tokens};

#[async_trait]
impl Tokens for PostgresStore {
    async fn token_state(
        &self,
        grant: GrantId,
        jti: &Jti,
        now: Timestamp,
    ) -> Result<Option<TokenState>> {
        read!(self, db => token_state(&db, grant, jti, now))
    }

    async fn token_life(
        &self,
        grant: GrantId,
        jti: &Jti,
        now: Timestamp,
    ) -> Result<Option<TokenLife>> {
        read!(self, db => token_life(&db, grant, jti, now))
    }

    async fn token_revoked(&self, jti: &Jti) -> Result<bool> {
        read!(self, db => token_revoked(&db, jti))
    }

    async fn revoke_token(&self, command: RevokeToken) -> Result<()> {
        transaction!(self, db => revocation::token(&db, &command))
    }
}

async fn token_revoked(db: &Connection, jti: &Jti) -> Verb<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM revoked_tokens WHERE jti = :jti)";
    let found = rows::value(db, sql, params! { ":jti": jti.as_str() }).await?;
    Ok(found.unwrap_or(false))
}

/// The columns of a token's life between its standing and what is assigned.
const LIFE_COLUMNS: usize = 6;

async fn token_life(
    db: &Connection,
    grant: GrantId,
    jti: &Jti,
    now: Timestamp,
) -> Verb<Option<TokenLife>> {
    let sql = concat!(
        "SELECT ",
        standing_columns!(),
        ", g.revoked_at IS NOT NULL AS revoked, g.expires_at, g.offline, u.username, u.roles,
           EXISTS (SELECT 1 FROM revoked_tokens WHERE jti = :jti) AS jti_revoked, ",
        assigned_columns!("g"),
        grant_joins!(),
        "WHERE g.grant_id = :id"
    );
    let params =
        params! { ":now": now.as_millisecond(), ":jti": jti.as_str(), ":id": grant.as_bytes() };
    let life = rows::first(db, sql, params, |row| {
        let standing = grant_rows::standing(row, 0)?;
        let mut f = Fields::new(row, "grants", STANDING_COLUMNS);
        let life = GrantLife {
            revoked: f.get("revoked")?,
            expires_at: f.time("expires_at")?,
            offline: f.get("offline")?,
        };
        Ok(TokenLife {
            life,
            standing,
            username: f.get("username")?,
            roles: f.json("roles")?,
            jti_revoked: f.get("jti_revoked")?,
            assigned: grant_rows::assigned(row, STANDING_COLUMNS + LIFE_COLUMNS)?,
        })
    });
    life.await
}

async fn token_state(
    db: &Connection,
    grant: GrantId,
    jti: &Jti,
    now: Timestamp,
) -> Verb<Option<TokenState>> {
    let sql = concat!(
        "SELECT ",
        grant_columns!(),
        ", ",
        standing_columns!(),
        ", ",
        user_columns!(),
        ", ",
        assigned_columns!("g"),
        ", EXISTS (SELECT 1 FROM revoked_tokens WHERE jti = :jti)",
        grant_joins!(),
        "WHERE g.grant_id = :id"
    );
    let params =
        params! { ":id": grant.as_bytes(), ":jti": jti.as_str(), ":now": now.as_millisecond() };
    let state = rows::first(db, sql, params, |row| {
        let grant = grant_rows::grant(row)?;
        let standing = grant_rows::standing(row, GRANT_COLUMNS)?;
        let user = GRANT_COLUMNS + STANDING_COLUMNS;
        let assigned = user + users::USER_COLUMNS;
        let jti_revoked = rows::read(row, assigned + ASSIGNED_COLUMNS)?;
        Ok(TokenState {
            grant,
            standing,
            user: users::decode(row, user)?,
            assigned: grant_rows::assigned(row, assigned)?,
            jti_revoked,
        })
    });
    state.await
}
