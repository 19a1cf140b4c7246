//! Codes, grants and consents; the verbs that change them are in `codes.rs`, `refresh.rs`, `revocation.rs`, `consents.rs`.

use async_trait::async_trait;
use cardea_protocol::model::{CodeHash, GrantId, RefreshTokenId, Subject};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::{
    PostgresStore,
    codes::{self, Attempt},
    connection::{Connection, read, statement, transaction},
    fault::Verb,
    grant_rows::{
        self, GRANT_COLUMNS, STANDING_COLUMNS, grant_columns, grant_joins, standing_columns,
    },
    refresh, revocation,
    rows::{self, Fields},
    sessions::session_alive,
    statement::params,
};
use crate::{
    CodeLookup, GrantPosition, GrantView, Grants, IssueCode, Page, RedeemCode, Redeemed,
    RefreshContext, Result, RevokeGrant, RotateRefresh, Rotated, Rows,
};

/// Grants that have neither expired nor been revoked. Those of a disabled client are included: they work again when it is
/// enabled.
macro_rules! select_living {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            grant_columns!(),
            ", ",
            standing_columns!(),
            ", s.sid, g.grant_key",
            grant_joins!(),
            "WHERE ",
            $condition,
            "g.grant_key < :after AND g.revoked_at IS NULL AND g.expires_at > :now AND (g.offline OR g.session_key IS NULL OR ",
            session_alive!(),
            ") ORDER BY g.grant_key DESC LIMIT :limit"
        )
    };
}

#[async_trait]
impl Grants for PostgresStore {
    async fn issue_code(&self, command: IssueCode) -> Result<bool> {
        match codes::is_one_statement(&command) {
            true => statement!(self, db => codes::issue(&db, &command)),
            false => transaction!(self, db => codes::issue(&db, &command)),
        }
    }

    async fn code(&self, hash: CodeHash, now: Timestamp) -> Result<Option<CodeLookup>> {
        read!(self, db => codes::look_up(&db, hash, now))
    }

    async fn redeem_code(&self, command: RedeemCode) -> Result<Redeemed> {
        match statement!(self, db => codes::redeem_at_once(&db, &command))? {
            Attempt::NotTaken => transaction!(self, db => codes::not_taken(&db, &command)),
            Attempt::Made { crowded } => {
                if let Some(made) = crowded {
                    transaction!(self, db => revocation::superseded(&db, &command, made))?;
                }
                Ok(Redeemed::Done)
            }
        }
    }

    async fn refresh_context(
        &self,
        id: RefreshTokenId,
        now: Timestamp,
    ) -> Result<Option<RefreshContext>> {
        read!(self, db => refresh::context(&db, id, now))
    }

    /// The common verdict is one statement, which commits by itself. Another one is judged on the locked row, in a transaction.
    async fn rotate_refresh(&self, command: RotateRefresh) -> Result<Option<Rotated>> {
        let quick = statement!(self, db => refresh::rotate_at_once(&db, &command))?;
        let verdict = match quick {
            Some(verdict) => Some(verdict),
            None => transaction!(self, db => refresh::rotate(&db, &command))?,
        };
        let grant = command.grant;
        Ok(verdict.map(|verdict| Rotated { grant, verdict }))
    }

    async fn revoke_grant(&self, command: RevokeGrant) -> Result<bool> {
        transaction!(self, db => revocation::grant(&db, &command))
    }

    async fn note_refresh_seen(&self, id: GrantId, generation: u32) -> Result<()> {
        // Read first: most tokens are seen many times, and a row that is not changed is not written.
        if !read!(self, db => refresh::is_unseen(&db, id, generation))? {
            return Ok(());
        }
        statement!(self, db => refresh::note_seen(&db, id, generation))
    }

    async fn grants_of(
        &self,
        subject: &Subject,
        page: Page<GrantPosition>,
        now: Timestamp,
    ) -> Result<Rows<GrantView, GrantPosition>> {
        read!(self, db => of(&db, subject, &page, now))
    }

    async fn grants(
        &self,
        page: Page<GrantPosition>,
        now: Timestamp,
    ) -> Result<Rows<GrantView, GrantPosition>> {
        read!(self, db => all(&db, &page, now))
    }
}

async fn of(
    db: &Connection,
    subject: &Subject,
    page: &Page<GrantPosition>,
    now: Timestamp,
) -> Verb<Rows<GrantView, GrantPosition>> {
    let sql =
        select_living!("u.subject = :subject AND coalesce(g.revoked_at, g.expires_at) > :now AND ");
    let (limit, read) = rows::limits(page);
    let params = params! {
        ":subject": subject.as_str(),
        ":now": now.as_millisecond(),
        ":after": page.after.as_ref().map_or(i64::MAX, |position| position.0),
        ":limit": read,
    };
    Ok(rows::page(rows::all(db, sql, params, view).await?, limit))
}

async fn all(
    db: &Connection,
    page: &Page<GrantPosition>,
    now: Timestamp,
) -> Verb<Rows<GrantView, GrantPosition>> {
    let (limit, read) = rows::limits(page);
    let params = params! {
        ":now": now.as_millisecond(),
        ":after": page.after.as_ref().map_or(i64::MAX, |position| position.0),
        ":limit": read,
    };
    let found = rows::all(db, select_living!(""), params, view).await?;
    Ok(rows::page(found, limit))
}

fn view(row: &Row) -> Verb<(GrantPosition, GrantView)> {
    let grant = grant_rows::grant(row)?;
    let standing = grant_rows::standing(row, GRANT_COLUMNS)?;
    let mut f = Fields::new(row, "grants", GRANT_COLUMNS + STANDING_COLUMNS);
    let sid = f.get("sid")?;
    let position = GrantPosition(f.get("grant_key")?);
    let view = GrantView {
        grant,
        standing,
        sid,
    };
    Ok((position, view))
}
