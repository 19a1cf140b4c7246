//! Rows of grants and codes, with the state of session, user and client.

use cardea_protocol::{
    model::{
        Audience, ClientId, Code, CodeBinding, CodeHash, Grant, GrantId, GrantState, LastSeen,
        RefreshState, RefreshTokenId, Revocation, SessionId, Subject,
    },
    pkce::CodeChallenge,
    request::ClaimsRequest,
    scope::Scope,
    token::Standing,
};
use rusqlite::Row;

use super::{rows::Fields, sessions};
use crate::Result;

/// The columns of [`grant`], from `grants g`, `clients c`, `users u` and `sessions s`.
macro_rules! grant_columns {
    () => {
        "g.grant_id, c.client_id, u.subject, s.cookie_hash, g.code_hash, g.redirect_uri, g.redirect_uri_given,
         g.code_challenge, g.scope, g.resources, g.claims, g.nonce, g.auth_time, g.acr, g.amr, g.created_at,
         g.expires_at, g.revoked_at, g.revoked_reason, g.refresh_token_id, g.refresh_sealed_secret,
         g.refresh_generation, g.refresh_rotated_at, g.refresh_current_seen, g.refresh_idle_expires_at,
         g.refresh_late_retry_at, g.refresh_retries, g.refresh_anomaly_at, g.last_address, g.last_user_agent"
    };
}
pub(super) use grant_columns;

/// How many they are.
pub(super) const GRANT_COLUMNS: usize = 30;

/// Grants joined with their session, user and client, each by its primary key.
macro_rules! grant_joins {
    () => {
        " FROM grants g
          JOIN sessions s ON s.session_key = g.session_key
          JOIN users u ON u.user_key = g.user_key
          JOIN clients c ON c.client_key = g.client_key "
    };
}
pub(super) use grant_joins;

/// The columns of [`standing`], at `:now`.
macro_rules! standing_columns {
    () => {
        concat!(
            crate::sqlite::sessions::session_alive!(),
            ", u.status = 'enabled', c.status = 'enabled'"
        )
    };
}
pub(super) use standing_columns;

/// How many they are.
pub(super) const STANDING_COLUMNS: usize = 3;

/// The columns of [`code`], from `codes k`, `clients c`, `users u` and `sessions s`.
macro_rules! code_columns {
    () => {
        "k.code_hash, c.client_id, k.redirect_uri, k.redirect_uri_given, k.code_challenge, s.cookie_hash, u.subject,
         k.scope, k.resources, k.nonce, k.claims, k.auth_time, k.acr, k.amr, k.issued_at, k.expires_at"
    };
}
pub(super) use code_columns;

/// How many they are.
pub(super) const CODE_COLUMNS: usize = 16;

/// Decodes `grant_columns!`, the first columns of a row.
pub(super) fn grant(row: &Row<'_>) -> Result<Grant> {
    let mut f = Fields::new(row, "grants", 0);
    Ok(Grant {
        id: GrantId::from_bytes(f.get("grant_id")?),
        client_id: f.parse("client_id", ClientId::parse)?,
        subject: f.parse("subject", Subject::parse)?,
        session: SessionId(f.digest("session_key")?),
        code: CodeHash(f.digest("code_hash")?),
        binding: binding(&mut f)?,
        scope: f.parse("scope", Scope::parse)?,
        resources: resources(&mut f)?,
        claims: claims(&mut f)?,
        nonce: f.get("nonce")?,
        context: sessions::context(&mut f)?,
        created_at: f.time("created_at")?,
        expires_at: f.time("expires_at")?,
        state: state(&mut f)?,
        refresh: refresh(&mut f)?,
    })
}

fn state(f: &mut Fields<'_, '_>) -> Result<GrantState> {
    match (f.time_opt("revoked_at")?, f.word_opt("revoked_reason")?) {
        (None, None) => Ok(GrantState::Live),
        (Some(at), Some(reason)) => Ok(GrantState::Revoked(Revocation { at, reason })),
        _ => Err(f.corrupt(
            "revoked_reason",
            "time and reason of a revocation belong together",
        )),
    }
}

fn refresh(f: &mut Fields<'_, '_>) -> Result<Option<RefreshState>> {
    let Some(token_id) = f.get::<Option<[u8; 16]>>("refresh_token_id")? else {
        return Ok(None);
    };
    Ok(Some(RefreshState {
        token_id: RefreshTokenId(token_id),
        sealed_secret: f.get("refresh_sealed_secret")?,
        generation: f.get("refresh_generation")?,
        rotated_at: f.time("refresh_rotated_at")?,
        current_seen: f.get("refresh_current_seen")?,
        idle_expires_at: f.time("refresh_idle_expires_at")?,
        late_retry_at: f.time_opt("refresh_late_retry_at")?,
        retries: f.get("refresh_retries")?,
        anomaly_at: f.time_opt("refresh_anomaly_at")?,
        last_seen: LastSeen {
            address: f.parse_opt("last_address", str::parse)?,
            user_agent: f.get("last_user_agent")?,
        },
    }))
}

/// Decodes `standing_columns!`.
pub(super) fn standing(row: &Row<'_>, first: usize) -> Result<Standing> {
    let mut f = Fields::new(row, "grants", first);
    Ok(Standing {
        session_alive: f.get("session")?,
        user_enabled: f.get("user")?,
        client_enabled: f.get("client")?,
    })
}

/// Decodes `code_columns!`.
pub(super) fn code(row: &Row<'_>) -> Result<Code> {
    let mut f = Fields::new(row, "codes", 0);
    Ok(Code {
        hash: CodeHash(f.digest("code_hash")?),
        client_id: f.parse("client_id", ClientId::parse)?,
        binding: binding(&mut f)?,
        session: SessionId(f.digest("session_key")?),
        subject: f.parse("subject", Subject::parse)?,
        scope: f.parse("scope", Scope::parse)?,
        resources: resources(&mut f)?,
        nonce: f.get("nonce")?,
        claims: claims(&mut f)?,
        context: sessions::context(&mut f)?,
        issued_at: f.time("issued_at")?,
        expires_at: f.time("expires_at")?,
    })
}

fn binding(f: &mut Fields<'_, '_>) -> Result<CodeBinding> {
    Ok(CodeBinding {
        redirect_uri: f.get("redirect_uri")?,
        redirect_uri_given: f.get("redirect_uri_given")?,
        challenge: f.parse_opt("code_challenge", CodeChallenge::parse)?,
    })
}

fn resources(f: &mut Fields<'_, '_>) -> Result<Vec<Audience>> {
    f.json("resources")
}

fn claims(f: &mut Fields<'_, '_>) -> Result<ClaimsRequest> {
    f.json("claims")
}
