//! The sender of OpenID Back-Channel Logout (D17), with real receivers on loopback.

mod long_session;

use std::time::{Duration, Instant};

use cardea_jose::{Algorithm, KeySet};
use cardea_protocol::{
    model::{AuditEvent, AuthMethod, ClientMetadata, SessionEnd, Sid},
    verify::{self, IssuerRule, RelyingPartyPolicy},
};
use cardea_store::{
    Applications, AuditFilter, ClaimMessages, ClaimedMessage, EndSessions, EndWhich, MessageKind,
    Page,
};
use cardea_testkit::{
    Browser, Log, LogoutReceiver, Person, TestClient, TestServer,
    clients::{POST, SPA, WEB},
    flows::{is_active, log_in, tokens},
    jwt, until,
};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// A provider whose clients have these receivers.
async fn provider(receivers: &[(TestClient, &LogoutReceiver)]) -> TestServer {
    let mut builder = TestServer::builder();
    for (client, receiver) in receivers {
        let (uri, address) = (receiver.uri(), receiver.address.clone());
        builder = builder
            .client(client.id, |c| c.backchannel_logout_uri = Some(uri))
            .config(|config| config.outbound.allow.push(address));
    }
    builder.start().await
}

async fn id_token(browser: &mut Browser<'_>, client: TestClient) -> String {
    let tokens = tokens(browser, client, (Person::ALICE, "openid")).await;
    tokens["id_token"].as_str().unwrap().to_owned()
}

async fn log_out(browser: &mut Browser<'_>, hint: &str) {
    let url = format!("/end_session?id_token_hint={hint}");
    let page = browser.open(&browser.server().url(&url)).await;
    assert_eq!(page.heading(), "You are signed out");
}

/// What waits in the outbox, due or not.
async fn waiting(server: &TestServer) -> Vec<ClaimedMessage> {
    let command = ClaimMessages {
        kind: MessageKind::LogoutToken,
        sid: None,
        busy: Vec::new(),
        limit: 10,
        lease: SignedDuration::ZERO,
        now: server.cause().now + SignedDuration::from_hours(1000),
    };
    server.store.claim_messages(command).await.unwrap()
}

async fn given_up(server: &TestServer) -> Vec<String> {
    let filter = AuditFilter {
        event: Some(AuditEvent::LogoutUndelivered),
        ..AuditFilter::default()
    };
    let rows = server.store.audit(filter, Page::first(100)).await.unwrap();
    let details = rows.items.into_iter().filter_map(|row| row.detail);
    details.collect()
}

#[tokio::test]
async fn a_logout_token_names_user_and_session() {
    let receiver = LogoutReceiver::start().await;
    let server = provider(&[(WEB, &receiver)]).await;
    let mut browser = Browser::new(&server);
    let hint = id_token(&mut browser, WEB).await;
    log_out(&mut browser, &hint).await;
    let told = receiver.told();
    assert_eq!(told.len(), 1);
    let (logout, id) = (jwt::claims(&told[0]), jwt::claims(&hint));
    let now = server.cause().now.as_second();
    let expected = json!({
        "iss": server.issuer(), "aud": "web", "sub": id["sub"], "sid": id["sid"], "jti": logout["jti"],
        "iat": now, "exp": now + 120,
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    });
    assert_eq!(logout, expected);
    assert!(logout["jti"].as_str().unwrap().len() >= 16);
    // Signed as the client's ID tokens are, by a published key.
    let (header, of_id) = (jwt::header(&told[0]), jwt::header(&hint));
    assert_eq!(header["typ"], "logout+jwt");
    assert_eq!(
        (&header["alg"], &header["kid"]),
        (&of_id["alg"], &of_id["kid"])
    );
    let jwks = server.get("/.well-known/jwks.json").send().await;
    let keys = KeySet::parse(&jwks.body).unwrap();
    // A relying party of ours takes it.
    let party = RelyingPartyPolicy {
        issuer: &IssuerRule::exact(server.issuer()),
        client_id: WEB.id,
        trusted_audiences: &[],
        algorithms: &[Algorithm::RS256],
    };
    let taken = verify::logout_token(&told[0], &keys, party, server.cause().now).unwrap();
    assert_eq!(taken.sid.as_deref(), id["sid"].as_str());
    assert_eq!(waiting(&server).await, []);
}

#[tokio::test]
async fn a_logout_token_is_no_hint_and_no_access_token() {
    let receiver = LogoutReceiver::start().await;
    let server = provider(&[(WEB, &receiver)]).await;
    let mut browser = Browser::new(&server);
    let hint = id_token(&mut browser, WEB).await;
    log_out(&mut browser, &hint).await;
    let token = receiver.told().remove(0);
    let url = format!("/end_session?id_token_hint={token}");
    let page = browser.open(&server.url(&url)).await;
    assert_eq!(page.status(), 400);
    let userinfo = server.get("/userinfo").bearer(&token).send().await;
    userinfo.refused(401, "invalid_token");
    assert!(!is_active(&server, WEB, &token).await);
}

#[tokio::test]
async fn every_client_of_the_session_is_notified_and_no_other() {
    let (web, post, spa) = (
        LogoutReceiver::start().await,
        LogoutReceiver::start().await,
        LogoutReceiver::start().await,
    );
    let server = provider(&[(WEB, &web), (POST, &post), (SPA, &spa)]).await;
    let (mut browser, mut elsewhere) = (Browser::new(&server), Browser::new(&server));
    let hint = id_token(&mut browser, WEB).await;
    id_token(&mut browser, POST).await;
    id_token(&mut browser, POST).await;
    id_token(&mut elsewhere, SPA).await;
    log_out(&mut browser, &hint).await;
    assert_eq!((web.count(), post.count(), spa.count()), (1, 1, 0));
    let claims: Vec<Value> = [&web, &post].map(|r| jwt::claims(&r.told()[0])).to_vec();
    assert_eq!(claims[0]["sid"], claims[1]["sid"]);
    assert_eq!(
        (&claims[0]["aud"], &claims[1]["aud"]),
        (&json!("web"), &json!("post"))
    );
    assert_ne!(claims[0]["jti"], claims[1]["jti"]);
}

#[tokio::test]
async fn a_session_without_such_clients_writes_and_sends_nothing() {
    let receiver = LogoutReceiver::start().await;
    let server = provider(&[(POST, &receiver)]).await;
    let mut browser = Browser::new(&server);
    let hint = id_token(&mut browser, WEB).await;
    log_out(&mut browser, &hint).await;
    assert_eq!(waiting(&server).await, []);
    assert_eq!(receiver.count(), 0);
}

#[tokio::test]
async fn a_session_ended_from_the_account_page_tells_its_clients() {
    let receiver = LogoutReceiver::start().await;
    let server = provider(&[(WEB, &receiver)]).await;
    let (mut browser, mut elsewhere) = (Browser::new(&server), Browser::new(&server));
    id_token(&mut elsewhere, WEB).await;
    log_in(&mut browser, Person::ALICE).await;
    let account = browser.open(&server.url("/account/devices")).await;
    let mut forms = account.forms().into_iter();
    let action = ("action".to_owned(), "end_session".to_owned());
    let form = forms.rfind(|form| form.fields.contains(&action));
    browser.submit(&account, form.unwrap(), &[]).await;
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn another_user_at_the_browser_and_a_disabled_one_notify_the_clients_too() {
    let receiver = LogoutReceiver::start().await;
    let server = provider(&[(WEB, &receiver)]).await;
    let mut browser = Browser::new(&server);
    id_token(&mut browser, WEB).await;
    log_in(&mut browser, Person::BOB).await;
    server.send_logouts().await;
    assert_eq!(receiver.count(), 1);
    id_token(&mut Browser::new(&server), WEB).await;
    server.disable_user(Person::ALICE).await;
    server.send_logouts().await;
    assert_eq!(receiver.count(), 2);
}

#[tokio::test]
async fn an_unreachable_receiver_is_notified_when_it_is_back() {
    let receiver = LogoutReceiver::absent();
    let server = provider(&[(WEB, &receiver)]).await;
    let mut browser = Browser::new(&server);
    let hint = id_token(&mut browser, WEB).await;
    log_out(&mut browser, &hint).await;
    receiver.appear().await;
    server.advance(SignedDuration::from_secs(9));
    server.send_logouts().await;
    assert_eq!(receiver.count(), 0, "not before it is due again");
    server.advance(SignedDuration::from_secs(1));
    receiver.answers(503);
    server.send_logouts().await;
    assert_eq!(receiver.count(), 1);
    server.advance(SignedDuration::from_mins(1));
    receiver.answers(204);
    server.send_logouts().await;
    let claims: Vec<Value> = receiver.told().iter().map(|t| jwt::claims(t)).collect();
    assert_eq!(claims.len(), 2);
    // Made for each try: the first would have expired.
    assert_eq!(
        claims[1]["iat"].as_i64(),
        claims[0]["iat"].as_i64().map(|iat| iat + 60)
    );
    assert_ne!(claims[0]["jti"], claims[1]["jti"]);
    assert_eq!(waiting(&server).await, []);
    assert!(given_up(&server).await.is_empty());
}

#[tokio::test]
async fn a_receiver_that_never_answers_well_is_given_up_and_audited() {
    let receiver = LogoutReceiver::start().await;
    receiver.answers(500);
    let server = provider(&[(WEB, &receiver)]).await;
    let mut browser = Browser::new(&server);
    let hint = id_token(&mut browser, WEB).await;
    log_out(&mut browser, &hint).await;
    for _ in 0..20 {
        server.advance(SignedDuration::from_hours(15));
        server.send_logouts().await;
    }
    assert_eq!(receiver.count(), 8);
    let why = given_up(&server).await;
    assert_eq!(why, ["tries: 8; the answer had status 500"]);
    assert_eq!(waiting(&server).await, []);
}

#[tokio::test]
async fn a_receiver_that_refuses_is_asked_once_more() {
    let receiver = LogoutReceiver::start().await;
    receiver.answers(400);
    let server = provider(&[(WEB, &receiver)]).await;
    let mut browser = Browser::new(&server);
    let hint = id_token(&mut browser, WEB).await;
    log_out(&mut browser, &hint).await;
    for _ in 0..5 {
        server.advance(SignedDuration::from_mins(1));
        server.send_logouts().await;
    }
    assert_eq!(receiver.count(), 2);
    assert_eq!(given_up(&server).await.len(), 1);
}

#[tokio::test]
async fn a_slow_receiver_delays_the_logout_for_two_seconds_at_most() {
    let (slow, quick) = (
        LogoutReceiver::holding().await,
        LogoutReceiver::start().await,
    );
    let (log, _guard) = Log::capture();
    let server = provider(&[(WEB, &slow), (POST, &quick)]).await;
    let mut browser = Browser::new(&server);
    let hint = id_token(&mut browser, WEB).await;
    id_token(&mut browser, POST).await;
    let began = Instant::now();
    log_out(&mut browser, &hint).await;
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(2), "{took:?}");
    assert_eq!((slow.count(), quick.count()), (1, 1));
    // The try continues without the user, so it had not been given up.
    slow.release();
    let settled = || log.lines_with("a logout was settled").len() == 2;
    until("the slow try", settled).await;
    assert_eq!(waiting(&server).await, []);
    assert_eq!(slow.count(), 1);
}

#[tokio::test]
async fn one_slow_client_does_not_hold_up_the_others() {
    let (slow, quick) = (
        LogoutReceiver::holding().await,
        LogoutReceiver::start().await,
    );
    let server = provider(&[(WEB, &slow), (POST, &quick)]).await;
    // More sessions of the one than there are places.
    for _ in 0..40 {
        id_token(&mut Browser::new(&server), WEB).await;
    }
    let mut browser = Browser::new(&server);
    server.disable_user(Person::ALICE).await;
    let sending = server.send_logouts();
    let told = async {
        let tokens = tokens(&mut browser, POST, (Person::BOB, "openid")).await;
        let hint = tokens["id_token"].as_str().unwrap().to_owned();
        until("the first of the slow ones", || slow.count() > 0).await;
        log_out(&mut browser, &hint).await;
        assert_eq!(quick.count(), 1);
        assert!(slow.count() < 32, "{}", slow.count());
        slow.release();
    };
    tokio::join!(sending, told);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let receiver = LogoutReceiver::start().await;
    receiver.answers(307);
    let server = provider(&[(WEB, &receiver)]).await;
    let mut browser = Browser::new(&server);
    let hint = id_token(&mut browser, WEB).await;
    log_out(&mut browser, &hint).await;
    assert_eq!(receiver.count(), 1);
    assert_eq!(waiting(&server).await.len(), 1, "it is no delivery");
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_never_asked() {
    let receiver = LogoutReceiver::start().await;
    let inside = format!("https://{}/logout", receiver.address);
    for uri in [receiver.uri(), inside] {
        let server = TestServer::builder();
        let server = server.client("web", |c| c.backchannel_logout_uri = Some(uri));
        let server = server.start().await;
        let mut browser = Browser::new(&server);
        let hint = id_token(&mut browser, WEB).await;
        log_out(&mut browser, &hint).await;
        assert_eq!(receiver.count(), 0);
        assert_eq!(waiting(&server).await.len(), 1);
    }
}

#[tokio::test]
async fn what_a_process_that_died_has_left_is_sent_by_the_next() {
    let receiver = LogoutReceiver::start().await;
    let server = provider(&[(WEB, &receiver)]).await;
    let end = async |token: &str| {
        let sid = Sid::parse(jwt::claims(token)["sid"].as_str().unwrap()).unwrap();
        let command = EndSessions {
            which: EndWhich::Sid(sid, None),
            why: SessionEnd::Operator,
            applications: Applications::Keep,
            cause: server.cause(),
        };
        assert_eq!(server.store.end_sessions(command).await.unwrap(), 1);
    };
    // Between the commit and the first try.
    end(&id_token(&mut Browser::new(&server), WEB).await).await;
    server.send_logouts().await;
    assert_eq!(receiver.count(), 1);
    // In the middle of a try.
    end(&id_token(&mut Browser::new(&server), WEB).await).await;
    let claim = ClaimMessages {
        kind: MessageKind::LogoutToken,
        sid: None,
        busy: Vec::new(),
        limit: 1,
        lease: SignedDuration::from_secs(60),
        now: server.cause().now,
    };
    assert_eq!(server.store.claim_messages(claim).await.unwrap().len(), 1);
    server.send_logouts().await;
    assert_eq!(receiver.count(), 1, "the other process may still be at it");
    server.advance(SignedDuration::from_secs(60));
    server.send_logouts().await;
    assert_eq!(receiver.count(), 2);
    assert_eq!(waiting(&server).await, []);
}

#[tokio::test]
async fn a_client_that_is_disabled_by_then_is_not_notified() {
    let receiver = LogoutReceiver::absent();
    let server = TestServer::builder().start().await;
    let told = ClientMetadata {
        client_id: "ours".to_owned(),
        redirect_uris: vec![SPA.redirect_uri.to_owned()],
        token_endpoint_auth_method: AuthMethod::None,
        backchannel_logout_uri: Some(receiver.uri()),
        ..ClientMetadata::default()
    };
    server.add_client(told).await;
    let ours = TestClient { id: "ours", ..SPA };
    let mut browser = Browser::new(&server);
    let hint = id_token(&mut browser, ours).await;
    log_out(&mut browser, &hint).await;
    server.disable_client("ours").await;
    server.advance(SignedDuration::from_mins(1));
    server.send_logouts().await;
    assert_eq!(waiting(&server).await, []);
    assert!(given_up(&server).await.is_empty());
}
