//! A code becomes tokens (RFC 6749 §4.1.3, D9): gather, check, commit, mint.

use cardea_protocol::{
    OAuthError,
    claims::{ClaimSource, Holder},
    model::{
        Actor, Client, Code, Grant, GrantId, GrantState, GrantType, Origin, RefreshState,
        RefreshTokenId,
    },
    request::AuthorizationCodeRequest,
    scope::OPENID,
    token::{
        audience,
        authorization_code::{self, Lifetimes, end_of_grant},
        client_auth::AuthenticatedClient,
        require_unbound,
    },
};
use cardea_store::{CodeContext, CodeLookup, RedeemCode, Redeemed, RevokeGrant};

use super::mint::{self, IdTokenParts, TokenResponse};
use crate::{app::App, caller::Caller, error::Failure};

pub(super) async fn grant(
    app: &App,
    caller: &Caller,
    client: &AuthenticatedClient,
    request: &AuthorizationCodeRequest,
) -> Result<TokenResponse, Failure> {
    // Gather.
    let client = client.client();
    let unknown = || OAuthError::invalid_grant("unknown code");
    let hash = request.code.as_ref().ok_or_else(unknown)?.hash();
    let found = app.store.code(hash, caller.now).await?;
    let CodeContext {
        code,
        user,
        assigned,
        sid,
    } = match found.ok_or_else(unknown)? {
        CodeLookup::Unused(context) => *context,
        CodeLookup::Used(grant) => return Err(reused(app, caller, client, (request, &grant)).await),
    };

    let entitled = app.roles.entitle(&user, assigned, client.id()).await?;
    let source = ClaimSource {
        user: &user,
        entitled: &entitled,
    };

    // Check.
    let proof = authorization_code::check(client, &code.client_id, &code.binding, request)?;
    require_unbound(code.sender.as_ref())
        .map_err(|why| OAuthError::invalid_grant(why.to_string()))?;
    let target = audience::choose(
        &app.settings.resources,
        request.resource.as_ref(),
        &code.resources,
        &code.scope,
    )?;

    // Commit.
    let (grant, row_secret) = new_grant(app, caller, client, code);
    let cause = caller.cause(Actor::Client(client.id().clone()));
    match app
        .store
        .redeem_code(RedeemCode {
            code: hash,
            grant: grant.clone(),
            proof,
            cause,
        })
        .await?
    {
        Redeemed::Done => {}
        Redeemed::Reused => {
            metrics::counter!(cardea_web::metric_names::CODE_REUSE).increment(1);
            return Err(OAuthError::invalid_grant(
                "the code was used before; its grant is revoked",
            )
            .into());
        }
        Redeemed::Dead(why) => return Err(OAuthError::invalid_grant(why.to_string()).into()),
    }

    // Mint.
    let holder = Holder::User(source, &grant);
    let access_token = mint::access_token(app, client, holder, (&target, caller.now))?;
    let id_token = match grant.scope.contains(OPENID) {
        true => {
            let parts = IdTokenParts {
                user: source,
                grant: &grant,
                access_token: &access_token.text,
                sid: sid.as_ref(),
                scope: &grant.scope,
            };
            Some(mint::id_token(app, caller.now, client, &parts)?)
        }
        false => None,
    };
    let refresh_token = row_secret.and_then(|secret| mint::refresh_token(app, &grant, &secret, 0));
    Ok(TokenResponse::new(access_token, target.scope).with(id_token, refresh_token))
}

/// The code was redeemed before. If the right client presents it with the right proof, there is a copy, and the grant is
/// revoked. A request that fails the checks changes nothing (D9).
async fn reused(
    app: &App,
    caller: &Caller,
    client: &Client,
    (request, grant): (&AuthorizationCodeRequest, &Grant),
) -> Failure {
    let Origin::Code { binding } = &grant.origin;
    if let Err(refused) = authorization_code::check(client, &grant.client_id, binding, request) {
        return refused.into();
    }
    let command = RevokeGrant {
        id: grant.id,
        subject: None,
        client_id: Some(client.id().clone()),
        reason: cardea_protocol::model::RevocationReason::CodeReused,
        cause: caller.cause(Actor::Client(client.id().clone())),
    };
    metrics::counter!(cardea_web::metric_names::CODE_REUSE).increment(1);
    match app.store.revoke_grant(command).await {
        Ok(_) => OAuthError::invalid_grant("the code was used before; its grant is revoked").into(),
        Err(error) => error.into(),
    }
}

/// D10: one row for each redemption, with or without a refresh token, and the row secret if there is one.
fn new_grant(app: &App, caller: &Caller, client: &Client, code: Code) -> (Grant, Option<[u8; 32]>) {
    let refreshable = client.may_use(GrantType::RefreshToken);
    let (now, settings) = (caller.now, &app.settings);
    let after = |span| now.saturating_add(span).unwrap_or(now);
    let id = GrantId::of_code(code.hash);
    let secret: Option<[u8; 32]> = refreshable.then(|| app.entropy.bytes());
    let refresh = secret.map(|secret| {
        let token_id = RefreshTokenId::of_grant(id);
        RefreshState {
            sealed_secret: app.seals.refresh_secret.seal(&secret, &token_id.0),
            token_id,
            generation: 0,
            rotated_at: now,
            current_seen: false,
            late_retry_at: None,
            retries: 0,
            anomaly_at: None,
            last_seen: caller.seen(),
            idle_expires_at: after(settings.refresh_idle_ttl),
        }
    });
    let lifetimes = Lifetimes {
        access_token: settings.access_token_ttl,
        refresh_absolute: settings.refresh_absolute_ttl,
        session_absolute: settings.longest_session(),
    };
    let expires_at = end_of_grant(client, &lifetimes, code.context.auth_time, now);
    let grant = Grant {
        id,
        client_id: code.client_id,
        subject: code.subject,
        session: Some(code.session),
        origin: Origin::Code {
            binding: code.binding,
        },
        sender: code.sender,
        scope: code.scope,
        resources: code.resources,
        organization: code.organization,
        claims: code.claims,
        nonce: code.nonce,
        context: code.context,
        refresh,
        created_at: now,
        expires_at,
        state: GrantState::Live,
    };
    (grant, secret)
}
