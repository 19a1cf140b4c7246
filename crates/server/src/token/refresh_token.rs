//! A refresh token becomes tokens (RFC 6749 §6, D11): gather, check, commit, mint.

use cardea_protocol::{
    OAuthError,
    claims::{ClaimSource, Holder},
    model::{Actor, AuditEvent, Client, Grant, RefreshState, User},
    request::RefreshTokenRequest,
    scope::{OPENID, Scope},
    token::{
        audience::{self, Target},
        client_auth::AuthenticatedClient,
        refresh_token::{
            Answer, Policy, Presented, RefreshToken, Retry, Verdict, check_scope, is_perhaps_copied,
        },
    },
};
use cardea_seal::Secret;
use cardea_store::{RefreshContext, RotateRefresh, Rotated};

use super::mint::{self, IdTokenParts, TokenResponse};
use crate::{app::App, caller::Caller, error::Failure, parts::EPOCH};

pub(super) async fn grant(
    app: &App,
    caller: &Caller,
    client: &AuthenticatedClient,
    request: &RefreshTokenRequest,
) -> Result<TokenResponse, Failure> {
    // Gather.
    let sender = client.sender();
    let client = client.client();
    let token = RefreshToken::parse(request.token.expose())
        .ok_or_else(|| OAuthError::invalid_grant("malformed refresh token"))?;
    let (context, secret) = authentic(app, caller, &token)
        .await?
        .ok_or_else(|| OAuthError::invalid_grant("unknown or forged refresh token"))?;
    let RefreshContext {
        mut grant,
        user,
        assigned,
        sid,
        session_due,
    } = context;
    let entitled = app.roles.entitle(&user, assigned, client.id()).await?;
    let source = ClaimSource {
        user: &user,
        entitled: &entitled,
    };
    // OpenID Core §12.2: an ID token of a refresh should have no nonce.
    grant.nonce = None;

    // Check.
    let wish = wish(app, client, &grant, request);

    // Commit.
    let presented = Presented {
        generation: token.generation,
        client: client.id().clone(),
        sender,
        seen: caller.seen(),
        can_be_met: wish.is_ok(),
    };
    let policy = Policy {
        rotation: client.metadata().refresh_rotation,
        idle_ttl: app.settings.refresh_idle_ttl,
        second_factor: has_second_factor(app, &user, grant.refresh.as_ref(), &presented).await?,
    };
    let command = RotateRefresh {
        grant,
        presented,
        policy,
        session_due,
        session_idle: app.settings.session_idle_ttl,
        cause: caller.cause(Actor::Client(client.id().clone())),
    };
    let (grant, generation) = rotate(app, caller, command).await?;
    let (scope, target) = wish?;

    // Mint.
    let access_token = mint::access_token(
        app,
        client,
        Holder::User(source, &grant),
        (&target, caller.now),
    )?;
    let id_token = match scope.contains(OPENID) {
        true => {
            let parts = IdTokenParts {
                user: source,
                grant: &grant,
                access_token: &access_token.text,
                sid: sid.as_ref(),
                scope: &scope,
            };
            Some(mint::id_token(app, caller.now, client, &parts)?)
        }
        false => None,
    };
    let refresh_token = mint::refresh_token(app, &grant, secret.expose(), generation);
    Ok(TokenResponse::new(access_token, target.scope).with(id_token, refresh_token))
}

/// Whether the user has a second factor, which is read only where the rule asks. The rule runs on the grant as it is then; who has used
/// it from elsewhere in the meantime was judged likewise.
async fn has_second_factor(
    app: &App,
    user: &User,
    refresh: Option<&RefreshState>,
    presented: &Presented,
) -> Result<bool, Failure> {
    let asked = refresh.is_some_and(|refresh| is_perhaps_copied(refresh, presented));
    if !asked || !app.settings.mfa.has_second_factors() {
        return Ok(false);
    }
    let factors = app.store.factors(&user.subject).await?;
    Ok(factors.totp.is_some() || !factors.passkeys.is_empty())
}

/// Applies the rotation table of D11. Gives the grant, and the generation of its next token if the request can be met.
async fn rotate(
    app: &App,
    caller: &Caller,
    command: RotateRefresh,
) -> Result<(Box<Grant>, u32), Failure> {
    let rotated = app.store.rotate_refresh(command).await?;
    let Rotated { grant, verdict } =
        rotated.ok_or_else(|| OAuthError::invalid_grant("the grant is gone"))?;
    count(&verdict);
    log_retry(caller, &grant, &verdict);
    match verdict.answer {
        Answer::Tokens { generation } => Ok((grant, generation)),
        Answer::InvalidGrant(why) => Err(OAuthError::invalid_grant(why.to_string()).into()),
        Answer::NotMet => Ok((grant, 0)),
    }
}

/// The requested scope and audience, if they can be granted. The error is returned only after the rotation table of D11
/// was applied, or a stolen token could be tried unnoticed with a scope that is refused.
fn wish(
    app: &App,
    client: &Client,
    grant: &Grant,
    request: &RefreshTokenRequest,
) -> Result<(Scope, Target), OAuthError> {
    let resources = &app.settings.resources;
    let scope = check_scope(client, resources, grant, request)?;
    let target = audience::choose(
        resources,
        request.resource.as_ref(),
        &grant.resources,
        &scope,
    )?;
    Ok((scope, target))
}

/// The grant of a token that this server made, and the row's secret. A forged token finds nothing and changes nothing.
pub(crate) async fn authentic(
    app: &App,
    caller: &Caller,
    token: &RefreshToken,
) -> Result<Option<(RefreshContext, Secret<Vec<u8>>)>, Failure> {
    if u32::from(token.key_id) != EPOCH {
        return Ok(None);
    }
    let found = app.store.refresh_context(token.token_id, caller.now);
    let Some(context) = found.await? else {
        return Ok(None);
    };
    let Some(refresh) = &context.grant.refresh else {
        return Ok(None);
    };
    let secret = app
        .seals
        .refresh_secret
        .open(&refresh.sealed_secret, &refresh.token_id.0);
    let secret = secret.map_err(|e| {
        Failure::Internal(format!(
            "the refresh secret of grant {}: {e}",
            context.grant.id
        ))
    })?;
    let authentic = token.is_authentic(&app.refresh_mac, secret.expose(), &context.grant.client_id);
    Ok(authentic.then_some((context, secret)))
}

/// A retry is rare, and the only trace of an attacker who presents each token again in time.
fn log_retry(caller: &Caller, grant: &Grant, verdict: &Verdict) {
    let Some(retry) = verdict.retry else {
        return;
    };
    let (client_id, prompt) = (grant.client_id.as_str(), retry == Retry::Prompt);
    tracing::info!(
        request_id = %caller.request_id, client_id, grant = %grant.id, prompt,
        "a refresh token was presented again"
    );
    if verdict.events.contains(&AuditEvent::RefreshRetriedOften) {
        tracing::warn!(
            request_id = %caller.request_id, client_id, grant = %grant.id,
            "refresh tokens of this grant are often presented again: answers get lost, two tabs share a token, or it was stolen"
        );
    }
}

fn count(verdict: &Verdict) {
    if verdict.retry == Some(Retry::Prompt) {
        metrics::counter!(cardea_web::metric_names::REFRESH_EVENTS, "event" => "retried")
            .increment(1);
    }
    for event in &verdict.events {
        let name = match event {
            AuditEvent::RefreshReuse => "reuse",
            AuditEvent::RefreshRetriedLate => "retried_late",
            AuditEvent::RefreshRetriedOften => "retried_often",
            AuditEvent::RefreshForeignClient => "foreign_client",
            AuditEvent::RefreshAhead => "ahead",
            AuditEvent::RefreshAnomaly => "anomaly",
            _ => continue,
        };
        metrics::counter!(cardea_web::metric_names::REFRESH_EVENTS, "event" => name).increment(1);
    }
}
