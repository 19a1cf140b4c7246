//! Codes: issued, looked up, redeemed once (D9).

use cardea_protocol::{
    model::{CodeHash, Grant, GrantId, OrganizationId, RevocationReason},
    pkce::CodeChallenge,
};
use jiff::Timestamp;
use tokio_postgres::Row;

use super::{
    audit,
    connection::Connection,
    consents,
    fault::Verb,
    grant_rows::{
        self, ASSIGNED_COLUMNS, CODE_COLUMNS, assigned_columns, code_columns, grant_columns,
        grant_joins, is_member, sender_columns,
    },
    rows,
    sessions::{self, living_sid_column, session_alive},
    statement::params,
    users::{self, USER_COLUMNS, may_log_in, user_columns},
};
use crate::{
    CodeContext, CodeLookup, ConsentChange, DeadCode, IssueCode, RedeemCode, Redeemed,
    events::{self, UnusedCode},
};

/// Session and user are locked in the statement: what ends the session, or revokes the consent, sees the code or is seen.
pub(super) async fn issue(db: &Connection, command: &IssueCode) -> Verb<bool> {
    let IssueCode {
        code,
        consent,
        cause,
    } = command;
    let sql = concat!(
        "INSERT INTO codes (code_hash, client_key, session_key, redirect_uri, redirect_uri_given, code_challenge, scope,
             resources, claims, nonce, auth_time, acr, amr, issued_at, expires_at, sender_method, sender_thumbprint, org_key)
         SELECT :hash, c.client_key, s.session_key, :redirect_uri, :given, :challenge, :scope, :resources, :claims,
             :nonce, :auth_time, :acr, :amr, :issued, :expires, :method, :thumbprint,
             (SELECT org_key FROM organizations WHERE org_id = :organization)
         FROM sessions s JOIN users u ON u.user_key = s.user_key, clients c
         WHERE s.cookie_hash = :session AND u.subject = :subject AND ",
        may_log_in!(),
        " AND c.client_id = :client AND c.status = 'enabled'
           AND (:organization IS NULL OR EXISTS (SELECT 1 FROM organization_members m
                JOIN organizations o ON o.org_key = m.org_key
                WHERE m.user_key = u.user_key AND o.org_id = :organization AND o.enabled))
           AND (NOT :keep OR EXISTS (SELECT 1 FROM consents o WHERE o.user_key = u.user_key AND o.client_key = c.client_key))
           AND ",
        session_alive!(),
        " FOR SHARE OF s, u"
    );
    if !is_one_statement(command) {
        // Not a shared lock first: two that both hold one could not both go on.
        users::lock(db, &code.subject).await?;
    }
    let (method, thumbprint) = sender_columns(code.sender.as_ref());
    let made = rows::execute(
        db,
        sql,
        params! {
            ":hash": code.hash.0.as_bytes(),
            ":organization": code.organization.as_ref().map(OrganizationId::as_str),
            ":keep": *consent == ConsentChange::Keep,
            ":method": method,
            ":thumbprint": thumbprint,
            ":session": code.session.0.as_bytes(),
            ":subject": code.subject.as_str(),
            ":client": code.client_id.as_str(),
            ":redirect_uri": &code.binding.redirect_uri,
            ":given": code.binding.redirect_uri_given,
            ":challenge": code.binding.challenge.as_ref().map(CodeChallenge::as_str),
            ":scope": code.scope.to_string(),
            ":resources": rows::to_json(&code.resources)?,
            ":claims": rows::to_json(&code.claims)?,
            ":nonce": &code.nonce,
            ":auth_time": code.context.auth_time.as_millisecond(),
            ":acr": &code.context.acr,
            ":amr": rows::to_json(&code.context.amr)?,
            ":issued": code.issued_at.as_millisecond(),
            ":expires": code.expires_at.as_millisecond(),
            ":now": cause.now.as_millisecond(),
        },
    )
    .await?;
    if made == 1
        && let ConsentChange::Grow(allowed) = consent
    {
        consents::grow(db, (&code.subject, &code.client_id), allowed, cause).await?;
    }
    Ok(made == 1)
}

/// Whether a code and its effects are one statement.
pub(super) fn is_one_statement(command: &IssueCode) -> bool {
    !matches!(command.consent, ConsentChange::Grow(_))
}

pub(super) async fn look_up(
    db: &Connection,
    hash: CodeHash,
    now: Timestamp,
) -> Verb<Option<CodeLookup>> {
    let sql = concat!(
        "SELECT ",
        code_columns!(),
        ", ",
        user_columns!(),
        ", ",
        assigned_columns!("k"),
        ", ",
        living_sid_column!(),
        " FROM codes k
          JOIN clients c ON c.client_key = k.client_key
          JOIN sessions s ON s.session_key = k.session_key
          JOIN users u ON u.user_key = s.user_key
          WHERE k.code_hash = :hash AND s.ended_at IS NULL"
    );
    let params = params! { ":hash": hash.0.as_bytes(), ":now": now.as_millisecond() };
    let unused = rows::first(db, sql, params, |row| {
        Ok(CodeContext {
            code: grant_rows::code(row)?,
            user: users::decode(row, CODE_COLUMNS)?,
            assigned: grant_rows::assigned(row, CODE_COLUMNS + USER_COLUMNS)?,
            sid: sessions::living_sid(row, CODE_COLUMNS + USER_COLUMNS + ASSIGNED_COLUMNS)?,
        })
    });
    if let Some(context) = unused.await? {
        return Ok(Some(CodeLookup::Unused(Box::new(context))));
    }
    let used = used(db, hash).await?;
    Ok(used.map(|grant| CodeLookup::Used(Box::new(grant))))
}

/// The grant of a code.
async fn used(db: &Connection, hash: CodeHash) -> Verb<Option<Grant>> {
    // Grants that were made before the id was derived have the code's key.
    let sql = concat!(
        "SELECT ",
        grant_columns!(),
        grant_joins!(),
        "WHERE g.grant_id = :id OR g.code_hash = :hash"
    );
    let id = GrantId::of_code(hash);
    let params = params! { ":id": id.as_bytes(), ":hash": hash.0.as_bytes() };
    let read = |row: &Row| Ok(grant_rows::grant(row)?);
    rows::first(db, sql, params, read).await
}

/// What became of a redemption at once.
pub(super) enum Attempt {
    /// There is a grant. Its key, if the user now has too many with this client.
    Made { crowded: Option<i64> },
    /// The code can't be redeemed.
    NotTaken,
}

/// D9: one conditional write takes the code and creates the grant from its row: everything the code decided is copied. The session is
/// the one of the code, whatever cookie it has now. Of two at once the second finds no code. Session and user are locked in the
/// statement: what ends the session, or revokes the user's grants, sees this one or is seen.
pub(super) async fn redeem_at_once(db: &Connection, command: &RedeemCode) -> Verb<Attempt> {
    events::may_redeem(command)?;
    let grant = &command.grant;
    let sql = concat!(
        "WITH living AS (
            SELECT k.code_hash, s.user_key FROM codes k
            JOIN clients c ON c.client_key = k.client_key
            JOIN sessions s ON s.session_key = k.session_key
            JOIN users u ON u.user_key = s.user_key
            WHERE k.code_hash = :hash AND k.expires_at > :now AND c.client_id = :client AND c.status = 'enabled'
              AND u.subject = :subject AND ",
        may_log_in!(),
        " AND (k.sender_method IS NULL OR (k.sender_method = :method AND k.sender_thumbprint = :thumbprint)) AND ",
        is_member!("k", "u"),
        " AND ",
        session_alive!(),
        " FOR SHARE OF s, u),
         taken AS (DELETE FROM codes k USING living l WHERE k.code_hash = l.code_hash RETURNING k.*, l.user_key),
         made AS (
            INSERT INTO grants (grant_id, client_key, user_key, session_key, origin, offline, redirect_uri,
                redirect_uri_given, code_challenge, scope, resources, claims, nonce, auth_time, acr, amr, created_at,
                expires_at, sender_method, sender_thumbprint, refresh_token_id, refresh_sealed_secret, refresh_generation,
                refresh_rotated_at, refresh_current_seen, refresh_idle_expires_at, last_address, last_user_agent, org_key)
            SELECT :id, client_key, user_key, session_key, :origin, :offline, redirect_uri,
                redirect_uri_given, code_challenge, scope, resources, claims, nonce, auth_time, acr, amr, :created,
                :end, :method, :thumbprint, nullif(:token, :id), :secret, :generation,
                :rotated, :seen, :idle_end, :address, :agent, org_key
            FROM taken
            RETURNING grant_key, user_key, client_key)
         SELECT m.grant_key, EXISTS (SELECT 1 FROM grants g WHERE g.user_key = m.user_key AND g.client_key = m.client_key
                                       AND coalesce(g.revoked_at, g.expires_at) > :now LIMIT 1 OFFSET :others)
         FROM made m"
    );
    let (method, thumbprint) = sender_columns(grant.sender.as_ref());
    let refresh = grant.refresh.as_ref();
    let seen = refresh.map(|r| &r.last_seen);
    let time = |time: Timestamp| time.as_millisecond();
    let params = params! {
        ":id": grant.id.as_bytes(),
        ":origin": grant_rows::ORIGIN_CODE,
        ":method": method,
        ":thumbprint": thumbprint,
        ":offline": grant.is_offline(),
        ":created": time(grant.created_at),
        ":end": time(grant.expires_at),
        ":token": refresh.map(|r| r.token_id.0),
        ":secret": refresh.map(|r| &r.sealed_secret),
        ":generation": refresh.map(|r| r.generation),
        ":rotated": refresh.map(|r| time(r.rotated_at)),
        ":seen": refresh.map(|r| r.current_seen),
        ":idle_end": refresh.map(|r| time(r.idle_expires_at)),
        ":address": seen.and_then(|s| s.address).map(|a| a.to_string()),
        ":agent": seen.and_then(|s| s.user_agent.as_deref()),
        ":hash": command.code.0.as_bytes(),
        ":client": grant.client_id.as_str(),
        ":subject": grant.subject.as_str(),
        ":now": time(command.cause.now),
        // The snapshot of the statement does not have the new one.
        ":others": Grant::MOST_LIVING - 1,
    };
    let made = rows::first(db, sql, params, |row| {
        let (key, crowded) = (rows::read(row, 0)?, rows::read(row, 1)?);
        Ok(Attempt::Made {
            crowded: Some(key).filter(|_| crowded),
        })
    });
    Ok(made.await?.unwrap_or(Attempt::NotTaken))
}

/// What a code that was not taken means.
pub(super) async fn not_taken(db: &Connection, command: &RedeemCode) -> Verb<Redeemed> {
    let grant = &command.grant;
    let used = used(db, command.code).await?;
    let Some(used) = used.filter(|used| used.client_id == grant.client_id) else {
        return Ok(Redeemed::Dead(why_dead(db, command).await?));
    };
    // RFC 6749 §4.1.2: a second use of a code revokes the tokens issued from it.
    let sql = "UPDATE grants SET revoked_at = :now, revoked_reason = :reason WHERE grant_id = :id AND revoked_at IS NULL";
    let params = params! {
        ":now": command.cause.now.as_millisecond(),
        ":reason": rows::to_word(RevocationReason::CodeReused)?,
        ":id": used.id.as_bytes(),
    };
    if rows::execute(db, sql, params).await? == 1 {
        let entry = events::code_reused(grant, used.id);
        audit::record(db, &command.cause, &entry).await?;
    }
    Ok(Redeemed::Reused)
}

/// Why a code that was not used can't be redeemed.
async fn why_dead(db: &Connection, command: &RedeemCode) -> Verb<DeadCode> {
    let sql = "SELECT k.expires_at, k.sender_method IS NULL
                   OR (k.sender_method = :method AND k.sender_thumbprint = :thumbprint) IS TRUE
               FROM codes k JOIN sessions s ON s.session_key = k.session_key
               WHERE k.code_hash = :hash AND s.ended_at IS NULL";
    let (method, thumbprint) = sender_columns(command.grant.sender.as_ref());
    let params = params! { ":hash": command.code.0.as_bytes(), ":method": method, ":thumbprint": thumbprint };
    let code = rows::first(db, sql, params, |row| {
        Ok(UnusedCode {
            expires_at: rows::read(row, 0)?,
            sender_matches: rows::read(row, 1)?,
        })
    });
    Ok(events::dead_code(code.await?, command.cause.now))
}
