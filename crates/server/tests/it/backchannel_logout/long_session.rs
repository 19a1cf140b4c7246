//! Sessions that outlive the tokens of their clients.

use cardea_protocol::model::GrantType;
use cardea_testkit::{Browser, LogoutReceiver, TestServer, clients::WEB};
use jiff::SignedDuration;

use super::{id_token, log_out};

#[tokio::test]
async fn a_client_of_a_long_session_is_told_after_its_grant_is_dead() {
    let receiver = LogoutReceiver::start().await;
    let (uri, address) = (receiver.uri(), receiver.address.clone());
    let long = || cardea_web::config::Duration::from_secs(30 * 86_400);
    let server = TestServer::builder()
        .client(WEB.id, |c| {
            c.backchannel_logout_uri = Some(uri);
            c.grant_types
                .retain(|one| *one == GrantType::AuthorizationCode);
        })
        .config(|config| {
            config.outbound.allow.push(address);
            config.sessions.idle_ttl = long();
            config.sessions.absolute_ttl = long();
        })
        .start()
        .await;
    let mut browser = Browser::new(&server);
    let hint = id_token(&mut browser, WEB).await;
    server.advance(SignedDuration::from_hours(26));
    let year = SignedDuration::from_hours(24 * 365);
    server
        .store
        .sweep(server.cause().now, 100, year)
        .await
        .unwrap();
    log_out(&mut browser, &hint).await;
    assert_eq!(receiver.count(), 1);
}
