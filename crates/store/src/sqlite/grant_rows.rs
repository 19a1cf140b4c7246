//! Rows of grants and codes, with the state of session, user and client.

use cardea_protocol::{
    model::{
        Audience, ClientId, Code, CodeBinding, CodeHash, Grant, GrantId, GrantState, LastSeen,
        OrganizationId, Origin, RefreshState, RefreshTokenId, Revocation, SenderBinding, SessionId,
        Subject,
    },
    pkce::CodeChallenge,
    request::ClaimsRequest,
    roles::Assigned,
    scope::Scope,
    token::Standing,
};
use rusqlite::Row;

use super::{reader::Readers, rows::Fields, sessions};
use crate::Result;

/// The columns of [`grant`], from `grants g`, `clients c`, `users u` and `sessions s`.
macro_rules! grant_columns {
    () => {
        "g.grant_id, c.client_id, u.subject, s.cookie_hash, g.origin, g.redirect_uri, g.redirect_uri_given,
         g.code_challenge, g.sender_method, g.sender_thumbprint, g.scope, g.resources, g.claims, g.nonce, g.auth_time,
         g.acr, g.amr, g.created_at, g.expires_at, g.revoked_at, g.revoked_reason,
         (SELECT org_id FROM organizations WHERE org_key = g.org_key) AS org_id, g.refresh_generation,
         g.refresh_token_id, g.refresh_sealed_secret, g.refresh_rotated_at, g.refresh_current_seen,
         g.refresh_idle_expires_at, g.refresh_late_retry_at, g.refresh_retries, g.refresh_anomaly_at, g.last_address,
         g.last_user_agent"
    };
}
pub(super) use grant_columns;

/// How many they are.
pub(super) const GRANT_COLUMNS: usize = 33;

/// Grants joined with their session, if they have one, user and client, each by its primary key.
macro_rules! grant_joins {
    () => {
        " FROM grants g
          LEFT JOIN sessions s ON s.session_key = g.session_key
          JOIN users u ON u.user_key = g.user_key
          JOIN clients c ON c.client_key = g.client_key "
    };
}
pub(super) use grant_joins;

/// Whether the user of `$user` may act in the organization of `$row`, if it has one.
macro_rules! is_member {
    ($row:literal, $user:literal) => {
        concat!(
            "(",
            $row,
            ".org_key IS NULL OR EXISTS (SELECT 1 FROM organization_members m
                JOIN organizations o ON o.org_key = m.org_key
                WHERE m.user_key = ",
            $user,
            ".user_key AND m.org_key = ",
            $row,
            ".org_key AND o.enabled))"
        )
    };
}
pub(super) use is_member;

/// The columns of [`assigned`], of the user `users u` and the organization of `$row`. Whoever is in no group and no organization costs
/// no page.
macro_rules! assigned_columns {
    ($row:literal) => {
        concat!(
            "CASE u.group_count WHEN 0 THEN '[]' ELSE
                (SELECT json_group_array(ug.name) FROM group_members gm JOIN user_groups ug ON ug.group_key = gm.group_key
                 WHERE gm.user_key = u.user_key) END AS groups,
             (SELECT json_object('id', o.org_id, 'name', o.name, 'roles', json(m.roles)) FROM organization_members m
                JOIN organizations o ON o.org_key = m.org_key
                WHERE m.user_key = u.user_key AND m.org_key = ",
            $row,
            ".org_key AND o.enabled) AS membership"
        )
    };
}
pub(super) use assigned_columns;

/// How many they are.
pub(super) const ASSIGNED_COLUMNS: usize = 2;

/// Decodes `assigned_columns!`. The revision is loaded after the row was read, so it covers every acknowledged change that the row
/// may show.
pub(super) fn assigned(row: &Row<'_>, first: usize, readers: &Readers) -> Result<Assigned> {
    let mut f = Fields::new(row, "group_members", first);
    let mut groups: Vec<String> = f.json("groups")?;
    groups.sort_unstable();
    let organization = f.parse_opt("membership", |text| serde_json::from_str(text))?;
    Ok(Assigned {
        revision: readers.role_revision(),
        groups,
        organization,
    })
}

/// The columns of [`standing`], at `:now`. A grant without a session has none that could end.
macro_rules! standing_columns {
    () => {
        concat!(
            "(g.session_key IS NULL OR ",
            crate::sqlite::sessions::session_alive!(),
            ") IS TRUE AS session_alive, (",
            crate::sqlite::users::may_log_in!(),
            ") AS user_enabled, c.status = 'enabled' AS client_enabled, ",
            crate::sqlite::grant_rows::is_member!("g", "g"),
            " AS member"
        )
    };
}
pub(super) use standing_columns;

/// How many they are.
pub(super) const STANDING_COLUMNS: usize = 4;

/// The columns of [`code`], from `codes k`, `clients c`, `users u` and `sessions s`.
macro_rules! code_columns {
    () => {
        "k.code_hash, c.client_id, k.redirect_uri, k.redirect_uri_given, k.code_challenge, k.sender_method,
         k.sender_thumbprint, s.cookie_hash, u.subject, k.scope, k.resources, k.nonce, k.claims, k.auth_time, k.acr, k.amr, k.issued_at, k.expires_at,
         (SELECT org_id FROM organizations WHERE org_key = k.org_key) AS org_id"
    };
}
pub(super) use code_columns;

/// How many they are.
pub(super) const CODE_COLUMNS: usize = 19;

/// Decodes `grant_columns!`, the first columns of a row.
pub(super) fn grant(row: &Row<'_>) -> Result<Grant> {
    let mut f = Fields::new(row, "grants", 0);
    let id = GrantId::from_bytes(f.get("grant_id")?);
    Ok(Grant {
        id,
        client_id: f.parse("client_id", ClientId::parse)?,
        subject: f.parse("subject", Subject::parse)?,
        session: f.digest_opt("cookie_hash")?.map(SessionId),
        origin: origin(&mut f)?,
        sender: sender(&mut f)?,
        scope: f.parse("scope", Scope::parse)?,
        resources: resources(&mut f)?,
        claims: claims(&mut f)?,
        nonce: f.get("nonce")?,
        context: sessions::context(&mut f)?,
        created_at: f.time("created_at")?,
        expires_at: f.time("expires_at")?,
        state: state(&mut f)?,
        organization: organization(&mut f)?,
        refresh: refresh(&mut f, id)?,
    })
}

/// Where a grant comes from, as its column has it.
pub(super) const ORIGIN_CODE: &str = "code";

fn origin(f: &mut Fields<'_, '_>) -> Result<Origin> {
    let origin: String = f.get("origin")?;
    match origin.as_str() {
        ORIGIN_CODE => Ok(Origin::Code {
            binding: binding(f)?,
        }),
        _ => Err(f.corrupt("origin", "no such origin")),
    }
}

/// The two columns of a binding to a key.
pub(super) fn sender_columns(
    sender: Option<&SenderBinding>,
) -> (Option<&'static str>, Option<&[u8; 32]>) {
    match sender {
        None => (None, None),
        Some(SenderBinding::Dpop { jkt }) => (Some("dpop"), Some(jkt.as_bytes())),
        Some(SenderBinding::Mtls { x5t_s256 }) => (Some("mtls"), Some(x5t_s256.as_bytes())),
    }
}

fn sender(f: &mut Fields<'_, '_>) -> Result<Option<SenderBinding>> {
    let method: Option<String> = f.get("sender_method")?;
    let thumbprint = f.digest_opt("sender_thumbprint")?;
    match (method.as_deref(), thumbprint) {
        (None, None) => Ok(None),
        (Some("dpop"), Some(jkt)) => Ok(Some(SenderBinding::Dpop { jkt })),
        (Some("mtls"), Some(x5t_s256)) => Ok(Some(SenderBinding::Mtls { x5t_s256 })),
        _ => Err(f.corrupt(
            "sender_method",
            "it does not belong to the thumbprint, or does not exist",
        )),
    }
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

fn refresh(f: &mut Fields<'_, '_>, grant: GrantId) -> Result<Option<RefreshState>> {
    let Some(generation) = f.get("refresh_generation")? else {
        return Ok(None);
    };
    let own: Option<[u8; 16]> = f.get("refresh_token_id")?;
    Ok(Some(RefreshState {
        generation,
        token_id: own.map_or_else(|| RefreshTokenId::of_grant(grant), RefreshTokenId),
        sealed_secret: f.get("refresh_sealed_secret")?,
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
        session_alive: f.get("session_alive")?,
        user_enabled: f.get("user_enabled")?,
        client_enabled: f.get("client_enabled")?,
        member: f.get("member")?,
    })
}

/// Decodes `code_columns!`.
pub(super) fn code(row: &Row<'_>) -> Result<Code> {
    let mut f = Fields::new(row, "codes", 0);
    Ok(Code {
        hash: CodeHash(f.digest("code_hash")?),
        client_id: f.parse("client_id", ClientId::parse)?,
        binding: binding(&mut f)?,
        sender: sender(&mut f)?,
        session: SessionId(f.digest("cookie_hash")?),
        subject: f.parse("subject", Subject::parse)?,
        scope: f.parse("scope", Scope::parse)?,
        resources: resources(&mut f)?,
        nonce: f.get("nonce")?,
        claims: claims(&mut f)?,
        context: sessions::context(&mut f)?,
        issued_at: f.time("issued_at")?,
        expires_at: f.time("expires_at")?,
        organization: organization(&mut f)?,
    })
}

fn organization(f: &mut Fields<'_, '_>) -> Result<Option<OrganizationId>> {
    f.parse_opt("org_id", OrganizationId::parse)
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
