//! Codes, grants and consents; the verbs that change them are in `codes.rs`, `refresh.rs`, `revocation.rs`, `consents.rs`.

use async_trait::async_trait;
use cardea_protocol::model::{CodeHash, GrantId, RefreshTokenId, Subject};
use jiff::Timestamp;
use rusqlite::{Row, named_params};

use super::{
    SqliteStore, codes,
    fault::Verb,
    grant_rows::{
        self, GRANT_COLUMNS, STANDING_COLUMNS, grant_columns, grant_joins, standing_columns,
    },
    refresh, revocation,
    rows::{self, Fields},
    sessions::session_alive,
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
impl Grants for SqliteStore {
    async fn issue_code(&self, command: IssueCode) -> Result<bool> {
        self.write(move |tx| codes::issue(tx, &command)).await
    }

    async fn code(&self, hash: CodeHash, now: Timestamp) -> Result<Option<CodeLookup>> {
        self.read(|db| codes::look_up(db, hash, (now, &self.readers)))
    }

    async fn redeem_code(&self, command: RedeemCode) -> Result<Redeemed> {
        self.write_whole(move |tx| codes::redeem(tx, &command))
            .await
    }

    async fn refresh_context(
        &self,
        id: RefreshTokenId,
        now: Timestamp,
    ) -> Result<Option<RefreshContext>> {
        self.read(|db| refresh::context(db, id, (now, &self.readers)))
    }

    async fn rotate_refresh(&self, command: RotateRefresh) -> Result<Option<Rotated>> {
        self.write_whole(move |tx| {
            let verdict = refresh::rotate(tx, &command)?;
            let grant = command.grant;
            Ok(verdict.map(|verdict| Rotated { grant, verdict }))
        })
        .await
    }

    async fn revoke_grant(&self, command: RevokeGrant) -> Result<bool> {
        self.write(move |tx| revocation::grant(tx, &command)).await
    }

    async fn note_refresh_seen(&self, id: GrantId, generation: u32) -> Result<()> {
        if !self.read(|db| refresh::is_unseen(db, id, generation))? {
            return Ok(());
        }
        self.write(move |tx| refresh::note_seen(tx, id, generation))
            .await
    }

    async fn grants_of(
        &self,
        subject: &Subject,
        page: Page<GrantPosition>,
        now: Timestamp,
    ) -> Result<Rows<GrantView, GrantPosition>> {
        let sql = select_living!(
            "u.subject = :subject AND coalesce(g.revoked_at, g.expires_at) > :now AND "
        );
        let (limit, read) = rows::limits(&page);
        let params = named_params! {
            ":subject": subject.as_str(),
            ":now": now.as_millisecond(),
            ":after": page.after.map_or(i64::MAX, |position| position.0),
            ":limit": read,
        };
        let found = self.read(|db| rows::all(db, sql, params, view))?;
        Ok(rows::page(found, limit))
    }

    async fn grants(
        &self,
        page: Page<GrantPosition>,
        now: Timestamp,
    ) -> Result<Rows<GrantView, GrantPosition>> {
        let sql = select_living!("");
        let (limit, read) = rows::limits(&page);
        let params = named_params! {
            ":now": now.as_millisecond(),
            ":after": page.after.map_or(i64::MAX, |position| position.0),
            ":limit": read,
        };
        let found = self.read(|db| rows::all(db, sql, params, view))?;
        Ok(rows::page(found, limit))
    }
}

fn view(row: &Row<'_>) -> Verb<(GrantPosition, GrantView)> {
    let position = GrantPosition(row.get("grant_key")?);
    let grant = grant_rows::grant(row)?;
    let standing = grant_rows::standing(row, GRANT_COLUMNS)?;
    let sid = Fields::new(row, "grants", GRANT_COLUMNS + STANDING_COLUMNS).get("sid")?;
    let view = GrantView {
        grant,
        standing,
        sid,
    };
    Ok((position, view))
}
