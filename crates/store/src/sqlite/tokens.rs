//! Access tokens: whether one is active.

use async_trait::async_trait;
use cardea_protocol::{
    model::{GrantId, Jti},
    token::GrantLife,
};
use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::{
    SqliteStore,
    fault::Verb,
    grant_rows::{
        self, ASSIGNED_COLUMNS, GRANT_COLUMNS, STANDING_COLUMNS, assigned_columns, grant_columns,
        grant_joins, standing_columns,
    },
    reader::Readers,
    revocation,
    rows::{self, Fields},
    users::{self, user_columns},
};
use crate::{Result, RevokeToken, TokenLife, TokenState, Tokens};

#[async_trait]
impl Tokens for SqliteStore {
    async fn token_state(
        &self,
        grant: GrantId,
        jti: &Jti,
        now: Timestamp,
    ) -> Result<Option<TokenState>> {
        self.read(|db| token_state(db, (grant, jti), (now, &self.readers)))
    }

    async fn token_life(
        &self,
        grant: GrantId,
        jti: &Jti,
        now: Timestamp,
    ) -> Result<Option<TokenLife>> {
        self.read(|db| token_life(db, (grant, jti), (now, &self.readers)))
    }

    async fn token_revoked(&self, jti: &Jti) -> Result<bool> {
        let sql = "SELECT 1 FROM revoked_tokens WHERE jti = ?";
        let found: Option<i64> = self.read(|db| rows::value(db, sql, [jti.as_str()]))?;
        Ok(found.is_some())
    }

    async fn revoke_token(&self, command: RevokeToken) -> Result<()> {
        self.write(move |tx| revocation::token(tx, &command)).await
    }
}

/// The columns of a token's life between its standing and what is assigned.
const LIFE_COLUMNS: usize = 6;

fn token_life(
    db: &Connection,
    (grant, jti): (GrantId, &Jti),
    (now, readers): (Timestamp, &Readers),
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
    // By position, in the order of first use in the statement: looking up names would cost time at each introspection.
    let params = (now.as_millisecond(), jti.as_str(), grant.as_bytes());
    rows::first(db, sql, params, |row| {
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
            assigned: grant_rows::assigned(row, STANDING_COLUMNS + LIFE_COLUMNS, readers)?,
        })
    })
}

fn token_state(
    db: &Connection,
    (grant, jti): (GrantId, &Jti),
    (now, readers): (Timestamp, &Readers),
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
    let params = named_params! { ":id": grant.as_bytes(), ":jti": jti.as_str(), ":now": now.as_millisecond() };
    rows::first(db, sql, params, |row| {
        let grant = grant_rows::grant(row)?;
        let standing = grant_rows::standing(row, GRANT_COLUMNS)?;
        let user = GRANT_COLUMNS + STANDING_COLUMNS;
        let assigned = user + users::USER_COLUMNS;
        let jti_revoked = row.get(assigned + ASSIGNED_COLUMNS)?;
        Ok(TokenState {
            grant,
            standing,
            user: users::decode(row, user)?,
            assigned: grant_rows::assigned(row, assigned, readers)?,
            jti_revoked,
        })
    })
}
