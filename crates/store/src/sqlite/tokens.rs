//! Access tokens: whether one is active.

use async_trait::async_trait;
use cardea_protocol::model::{GrantId, Jti};
use jiff::Timestamp;
use rusqlite::{Connection, named_params};

use super::{
    SqliteStore,
    fault::Verb,
    grant_rows::{
        self, GRANT_COLUMNS, STANDING_COLUMNS, grant_columns, grant_joins, standing_columns,
    },
    revocation, rows,
    users::{self, user_columns},
};
use crate::{Result, RevokeToken, TokenState, Tokens};

#[async_trait]
impl Tokens for SqliteStore {
    async fn token_state(
        &self,
        grant: GrantId,
        jti: &Jti,
        now: Timestamp,
    ) -> Result<Option<TokenState>> {
        self.read(|db| token_state(db, grant, jti, now))
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

fn token_state(
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
        ", EXISTS (SELECT 1 FROM revoked_tokens WHERE jti = :jti)",
        grant_joins!(),
        "WHERE g.grant_id = :id"
    );
    let params = named_params! { ":id": grant.as_bytes(), ":jti": jti.as_str(), ":now": now.as_millisecond() };
    rows::first(db, sql, params, |row| {
        let grant = grant_rows::grant(row)?;
        let standing = grant_rows::standing(row, GRANT_COLUMNS)?;
        let user = GRANT_COLUMNS + STANDING_COLUMNS;
        let jti_revoked = row.get(user + users::USER_COLUMNS)?;
        Ok(TokenState {
            grant,
            standing,
            user: users::decode(row, user)?,
            jti_revoked,
        })
    })
}
