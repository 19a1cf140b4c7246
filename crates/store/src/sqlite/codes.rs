//! Codes: issued, looked up, redeemed once (D9).

use cardea_protocol::{
    model::{CodeHash, Grant, GrantId, OrganizationId, RevocationReason},
    pkce::CodeChallenge,
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params};

use super::{
    audit, consents,
    fault::Verb,
    grant_rows::{
        self, ASSIGNED_COLUMNS, CODE_COLUMNS, assigned_columns, code_columns, grant_columns,
        grant_joins, is_member, sender_columns,
    },
    reader::Readers,
    revocation, rows,
    sessions::{self, living_sid_column, session_alive},
    users::{self, USER_COLUMNS, may_log_in, user_columns},
};
use crate::{
    CodeContext, CodeLookup, ConsentChange, DeadCode, IssueCode, RedeemCode, Redeemed,
    events::{self, UnusedCode},
};

pub(super) fn issue(tx: &Connection, command: &IssueCode) -> Verb<bool> {
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
        session_alive!()
    );
    let (method, thumbprint) = sender_columns(code.sender.as_ref());
    let made = rows::execute(
        tx,
        sql,
        named_params! {
            ":hash": code.hash.0.as_bytes(),
            ":organization": code.organization.as_ref().map(OrganizationId::as_str),
            ":keep": *consent == ConsentChange::Keep,
            ":method": method,
            ":thumbprint": thumbprint,
            ":session": code.session.0.as_bytes(),
            ":subject": code.subject.as_str(),
            ":client": code.client_id.as_str(),
            ":redirect_uri": code.binding.redirect_uri,
            ":given": code.binding.redirect_uri_given,
            ":challenge": code.binding.challenge.as_ref().map(CodeChallenge::as_str),
            ":scope": code.scope.to_string(),
            ":resources": rows::to_json(&code.resources)?,
            ":claims": rows::to_json(&code.claims)?,
            ":nonce": code.nonce,
            ":auth_time": code.context.auth_time.as_millisecond(),
            ":acr": code.context.acr,
            ":amr": rows::to_json(&code.context.amr)?,
            ":issued": code.issued_at.as_millisecond(),
            ":expires": code.expires_at.as_millisecond(),
            ":now": cause.now.as_millisecond(),
        },
    )?;
    if made == 1
        && let ConsentChange::Grow(allowed) = consent
    {
        consents::grow(tx, (&code.subject, &code.client_id), allowed, cause)?;
    }
    Ok(made == 1)
}

pub(super) fn look_up(
    db: &Connection,
    hash: CodeHash,
    (now, readers): (Timestamp, &Readers),
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
    let params = named_params! { ":hash": hash.0.as_bytes(), ":now": now.as_millisecond() };
    let unused = rows::first(db, sql, params, |row| {
        Ok(CodeContext {
            code: grant_rows::code(row)?,
            user: users::decode(row, CODE_COLUMNS)?,
            assigned: grant_rows::assigned(row, CODE_COLUMNS + USER_COLUMNS, readers)?,
            sid: sessions::living_sid(row, CODE_COLUMNS + USER_COLUMNS + ASSIGNED_COLUMNS)?,
        })
    })?;
    if let Some(context) = unused {
        return Ok(Some(CodeLookup::Unused(Box::new(context))));
    }
    Ok(used(db, hash)?.map(|grant| CodeLookup::Used(Box::new(grant))))
}

/// The grant of a code.
fn used(db: &Connection, hash: CodeHash) -> Verb<Option<Grant>> {
    macro_rules! select {
        ($condition:literal) => {
            concat!(
                "SELECT ",
                grant_columns!(),
                grant_joins!(),
                "WHERE ",
                $condition
            )
        };
    }
    let read = |row: &Row<'_>| Ok(grant_rows::grant(row)?);
    let id = GrantId::of_code(hash);
    let found = rows::first(db, select!("g.grant_id = ?"), [id.as_bytes()], read)?;
    if found.is_some() {
        return Ok(found);
    }
    // Grants that were made before the id was derived have the code's key.
    rows::first(db, select!("g.code_hash = ?"), [hash.0.as_bytes()], read)
}

/// D9: one conditional write creates the grant from the code's row, then the code is deleted. The session is the one of the
/// code, whatever cookie it has now.
pub(super) fn redeem(tx: &Connection, command: &RedeemCode) -> Verb<Redeemed> {
    events::may_redeem(command)?;
    if !insert_grant(tx, command)? {
        return not_taken(tx, command);
    }
    let made = tx.last_insert_rowid();
    let sql = "DELETE FROM codes WHERE code_hash = ?";
    rows::execute(tx, sql, [command.code.0.as_bytes()])?;
    revocation::superseded(tx, command, made)?;
    Ok(Redeemed::Done)
}

/// Writes a new grant, if its code can still be redeemed. Everything the code decided is copied from the code's row.
fn insert_grant(tx: &Connection, command: &RedeemCode) -> Verb<bool> {
    let grant = &command.grant;
    let sql = concat!(
        "INSERT INTO grants (grant_id, client_key, user_key, session_key, origin, offline, redirect_uri,
             redirect_uri_given, code_challenge, scope, resources, claims, nonce, auth_time, acr, amr, created_at,
             expires_at, sender_method, sender_thumbprint, refresh_token_id, refresh_sealed_secret, refresh_generation,
             refresh_rotated_at, refresh_current_seen, refresh_idle_expires_at, last_address, last_user_agent, org_key)
         SELECT :id, c.client_key, u.user_key, s.session_key, :origin, :offline, k.redirect_uri,
             k.redirect_uri_given, k.code_challenge, k.scope, k.resources, k.claims, k.nonce, k.auth_time, k.acr, k.amr, :created,
             :end, :method, :thumbprint, nullif(:token, :id), :secret, :generation,
             :rotated, :seen, :idle_end, :address, :agent, k.org_key
         FROM codes k
         JOIN clients c ON c.client_key = k.client_key
         JOIN sessions s ON s.session_key = k.session_key
         JOIN users u ON u.user_key = s.user_key
         WHERE k.code_hash = :hash AND k.expires_at > :now AND c.client_id = :client AND c.status = 'enabled'
           AND u.subject = :subject AND ",
        may_log_in!(),
        " AND (k.sender_method IS NULL OR (k.sender_method = :method AND k.sender_thumbprint = :thumbprint)) AND ",
        is_member!("k", "u"),
        " AND ",
        session_alive!()
    );
    let (method, thumbprint) = sender_columns(grant.sender.as_ref());
    let refresh = grant.refresh.as_ref();
    let seen = refresh.map(|r| &r.last_seen);
    let time = |time: Timestamp| time.as_millisecond();
    let made = rows::execute(
        tx,
        sql,
        named_params! {
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
        },
    )?;
    Ok(made == 1)
}

fn not_taken(tx: &Connection, command: &RedeemCode) -> Verb<Redeemed> {
    let grant = &command.grant;
    let used = used(tx, command.code)?.filter(|used| used.client_id == grant.client_id);
    let Some(used) = used else {
        return Ok(Redeemed::Dead(why_dead(tx, command)?));
    };
    // RFC 6749 §4.1.2: a second use of a code revokes the tokens issued from it.
    let sql = "UPDATE grants SET revoked_at = ?, revoked_reason = ? WHERE grant_id = ? AND revoked_at IS NULL";
    let reason = rows::to_word(RevocationReason::CodeReused)?;
    let now = command.cause.now.as_millisecond();
    if rows::execute(tx, sql, (now, reason, used.id.as_bytes()))? == 1 {
        let entry = events::code_reused(grant, used.id);
        audit::record(tx, &command.cause, &entry)?;
    }
    Ok(Redeemed::Reused)
}

/// Why a code that was not used can't be redeemed.
fn why_dead(tx: &Connection, command: &RedeemCode) -> Verb<DeadCode> {
    let sql = "SELECT k.expires_at, k.sender_method IS NULL
                   OR (k.sender_method = ?2 AND k.sender_thumbprint = ?3) IS TRUE
               FROM codes k JOIN sessions s ON s.session_key = k.session_key
               WHERE k.code_hash = ?1 AND s.ended_at IS NULL";
    let (method, thumbprint) = sender_columns(command.grant.sender.as_ref());
    let params = (command.code.0.as_bytes(), method, thumbprint);
    let code = rows::first(tx, sql, params, |row| {
        Ok(UnusedCode {
            expires_at: row.get(0)?,
            sender_matches: row.get(1)?,
        })
    })?;
    Ok(events::dead_code(code, command.cause.now))
}
