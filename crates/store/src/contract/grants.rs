use cardea_protocol::{model::*, scope::Scope};

use super::sample::*;
use crate::*;

pub async fn a_code_survives(store: AnyStore) {
    let world = World::new(store).await;
    let code = world.code("a", OFFLINE, 0).await;
    assert!(
        matches!(world.store.code(code.hash, at(0)).await.unwrap(), Some(CodeLookup::Unused(c)) if c.code == code && c.user.subject == world.alice.subject && c.sid.is_some())
    );
    let mut bare = self::code(&world, "b");
    bare.binding = CodeBinding {
        challenge: None,
        redirect_uri_given: false,
        ..bare.binding
    };
    (bare.nonce, bare.resources, bare.claims) = (None, Vec::new(), Default::default());
    bare.sender = Some(super::redemption::bindings().0);
    assert!(world.issue(&bare, 0).await);
    assert!(
        matches!(world.store.code(bare.hash, at(0)).await.unwrap(), Some(CodeLookup::Unused(c)) if c.code == bare)
    );
    assert!(
        world
            .store
            .code(self::code(&world, "c").hash, at(0))
            .await
            .unwrap()
            .is_none()
    );
}

fn code(world: &World, name: &str) -> Code {
    super::sample::code(name, &world.session, &world.spa, ONLINE, 0)
}

pub async fn a_code_needs_a_living_session_and_enabled_parties(store: AnyStore) {
    let world = World::new(store).await;
    let code = code(&world, "a");
    let foreign = Code {
        subject: user("bob").subject,
        ..code.clone()
    };
    assert!(
        !world.issue(&foreign, 0).await,
        "the session is another user's"
    );
    assert!(
        !world.issue(&code, 30 * MINUTE).await,
        "the session has expired"
    );
    let status = |status| {
        world
            .store
            .set_client_status(world.spa.id().clone(), status, cause(1))
    };
    status(ClientStatus::Disabled).await.unwrap();
    assert!(!world.issue(&code, 1).await, "the client is disabled");
    status(ClientStatus::Enabled).await.unwrap();
    assert_eq!(
        world
            .end(EndWhich::Id(world.session.id), SessionEnd::Logout, 1)
            .await,
        1
    );
    assert!(!world.issue(&code, 1).await, "the session has ended");
    assert!(world.store.code(code.hash, at(0)).await.unwrap().is_none());
}

pub async fn a_consent_grows(store: AnyStore) {
    let world = World::new(store).await;
    let consent = || async {
        world
            .store
            .consent(&world.alice.subject, world.spa.id())
            .await
            .unwrap()
    };
    let allow = |name: &str, scope: &str, seconds| {
        let code = super::sample::code(name, &world.session, &world.spa, scope, seconds);
        world.store.issue_code(IssueCode {
            consent: ConsentChange::Grow(code.scope.clone()),
            code,
            cause: cause(seconds),
        })
    };
    world.code("none", "openid email", 0).await;
    assert!(consent().await.is_none(), "only a code is no consent");
    assert!(allow("a", "openid email", 1).await.unwrap());
    assert!(allow("b", "openid", 2).await.unwrap());
    let first = consent().await.unwrap();
    assert_eq!(
        (
            first.scope.to_string().as_str(),
            first.given_at,
            first.updated_at
        ),
        ("openid email", at(1), at(1))
    );
    assert!(allow("c", "openid phone", 3).await.unwrap());
    let grown = consent().await.unwrap();
    assert_eq!(grown.scope, Scope::parse("openid email phone").unwrap());
    assert_eq!((grown.given_at, grown.updated_at), (at(1), at(3)));
    assert_eq!(
        world.store.consents_of(&world.alice.subject).await.unwrap(),
        [grown]
    );
    assert_eq!(
        world.count(AuditEvent::ConsentGiven).await,
        2,
        "only when it grew"
    );
    assert!(
        !allow("d", "openid address", HOUR).await.unwrap(),
        "the session is over"
    );
    assert!(
        !consent().await.unwrap().scope.contains("address"),
        "and nothing was written"
    );
}

pub async fn a_revoked_consent_allows_no_code(store: AnyStore) {
    let world = World::new(store).await;
    let issue = |name: &'static str, consent| {
        let code = code(&world, name);
        world.store.issue_code(IssueCode {
            code,
            consent,
            cause: cause(0),
        })
    };
    let asked = code(&world, "z").scope;
    allow_of_others(&world, &asked).await;
    assert!(!issue("a", ConsentChange::Keep).await.unwrap(), "none yet");
    assert!(issue("b", ConsentChange::Grow(asked)).await.unwrap());
    assert!(issue("c", ConsentChange::Keep).await.unwrap());
    let application = RevokeApplication {
        subject: world.alice.subject.clone(),
        client_id: world.spa.id().clone(),
        cause: cause(1),
    };
    world.store.revoke_application(application).await.unwrap();
    assert!(!issue("d", ConsentChange::Keep).await.unwrap(), "revoked");
    assert!(issue("e", ConsentChange::None).await.unwrap(), "implicit");
}

/// Another user allowed this client, and this user allowed another client.
async fn allow_of_others(world: &World, scope: &Scope) {
    let (_, session, web) = super::neighbours::others(world).await;
    for code in [
        super::sample::code("bobs", &session, &world.spa, ONLINE, 0),
        super::sample::code("webs", &world.session, &web, ONLINE, 0),
    ] {
        let allow = IssueCode {
            code,
            consent: ConsentChange::Grow(scope.clone()),
            cause: cause(0),
        };
        assert!(world.store.issue_code(allow).await.unwrap());
    }
}

pub async fn a_grant_survives(store: AnyStore) {
    let world = World::new(store).await;
    let full = world.grant("a", OFFLINE, 0).await;
    assert_eq!(world.stored(&full).await, full);
    let code = world.code("b", ONLINE, 0).await;
    let bare = Grant {
        refresh: None,
        expires_at: at(15 * MINUTE),
        ..grant(&code, 0)
    };
    let command = RedeemCode {
        grant: bare.clone(),
        ..world.redemption(&code, 0)
    };
    assert!(matches!(
        world.store.redeem_code(command).await.unwrap(),
        Redeemed::Done
    ));
    assert_eq!(world.stored(&bare).await, bare);
    assert!(
        matches!(world.store.code(code.hash, at(0)).await.unwrap(), Some(CodeLookup::Used(g)) if *g == bare)
    );

    let id = full.refresh.as_ref().unwrap().token_id;
    let context = world.store.refresh_context(id, at(0)).await;
    let context = context.unwrap().unwrap();
    assert_eq!(
        (&*context.grant, &context.user.subject, &context.sid),
        (
            &full,
            &world.alice.subject,
            &Some(world.session.sid.clone())
        )
    );
    let later = world.store.refresh_context(id, full.expires_at).await;
    assert_eq!(later.unwrap().unwrap().sid, None, "its session is over");
    assert!(
        world
            .store
            .refresh_context(RefreshTokenId([0; 16]), at(0))
            .await
            .unwrap()
            .is_none()
    );
}

pub async fn token_state_has_grant_user_and_standing(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("a", ONLINE, 0).await;
    let state = |seconds| world.store.token_state(grant.id, &JTI, at(seconds));
    static JTI: std::sync::LazyLock<Jti> = std::sync::LazyLock::new(|| jti("t1"));
    let first = state(0).await.unwrap().unwrap();
    assert!(
        first.standing.session_alive
            && first.standing.user_enabled
            && first.standing.client_enabled
    );
    assert_eq!(
        (first.user.subject, first.jti_revoked),
        (world.alice.subject.clone(), false)
    );
    assert!(
        !state(30 * MINUTE)
            .await
            .unwrap()
            .unwrap()
            .standing
            .session_alive
    );
    let unknown = GrantId::of_code(CodeHash(cardea_seal::Digest::of(b"unknown")));
    assert!(
        world
            .store
            .token_state(unknown, &JTI, at(0))
            .await
            .unwrap()
            .is_none()
    );
}

pub async fn live_grants_are_listed(store: AnyStore) {
    let world = World::new(store).await;
    let (first, second, third) = (
        world.grant("a", OFFLINE, 0).await,
        world.grant("b", ONLINE, 1).await,
        world.grant("c", ONLINE, 2).await,
    );
    let revoke = RevokeGrant {
        id: third.id,
        subject: None,
        client_id: None,
        reason: RevocationReason::Operator,
        cause: cause(3),
    };
    assert!(world.store.revoke_grant(revoke).await.unwrap());
    let ids = |views: Vec<GrantView>| views.iter().map(|v| v.grant.id).collect::<Vec<_>>();
    let of_alice = world
        .store
        .grants_of(&world.alice.subject, page(), at(3))
        .await
        .unwrap()
        .items;
    assert_eq!(of_alice[0].sid.as_deref(), Some("sid-one"));
    assert!(of_alice[0].standing.session_alive);
    assert_eq!(ids(of_alice), [second.id, first.id], "the youngest first");
    assert_eq!(
        ids(world.store.grants(page(), at(3)).await.unwrap().items),
        [second.id, first.id]
    );
    let later = world
        .store
        .grants_of(&world.alice.subject, page(), at(HOUR))
        .await
        .unwrap()
        .items;
    assert_eq!(
        ids(later),
        [first.id],
        "what needs the session died with it"
    );
    assert!(
        world
            .store
            .grants(page(), at(91 * DAY))
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

pub async fn rows_added_or_removed_between_pages_repeat_and_hide_no_other(store: AnyStore) {
    let world = World::new(store).await;
    let mut grants = Vec::new();
    for name in ["one", "two", "three", "four"] {
        grants.push(world.grant(name, ONLINE, 0).await.id);
    }
    let page = async |after, of_alice| {
        let page = Page { limit: 2, after };
        let subject = &world.alice.subject;
        let rows = match of_alice {
            true => world.store.grants_of(subject, page, at(1)).await,
            false => world.store.grants(page, at(1)).await,
        };
        let rows = rows.unwrap();
        let ids = rows.items.iter().map(|view| view.grant.id);
        (ids.collect::<Vec<_>>(), rows.next)
    };
    let mut positions = Vec::new();
    for of_alice in [true, false] {
        let (first, next) = page(None, of_alice).await;
        assert_eq!(first, [grants[3], grants[2]]);
        positions.push(next);
    }
    let revoked = world.store.revoke_grant(RevokeGrant {
        id: grants[2],
        subject: None,
        client_id: None,
        reason: RevocationReason::Operator,
        cause: cause(1),
    });
    assert!(revoked.await.unwrap());
    world.grant("five", ONLINE, 0).await;
    for (of_alice, after) in [true, false].into_iter().zip(positions) {
        let (second, next) = page(after, of_alice).await;
        assert_eq!(second, [grants[1], grants[0]]);
        assert_eq!(next, None, "a full last page is the last one");
    }
}
