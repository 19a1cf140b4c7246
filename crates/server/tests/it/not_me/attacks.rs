//! What an enemy gets who has the account, the mailbox, or only a link.

use cardea_store::{LinkEffect, TakeLink};

use super::*;

#[tokio::test]
async fn a_changed_address_does_not_lead_the_new_password_to_the_attacker() {
    let server = mailbox_server().await;
    let (mut eve, mut owner) = (Browser::new(&server), Browser::new(&server));
    let url = taken_over(&server, &mut eve).await;
    let page = eve.open(&server.url("/account/profile/email")).await;
    let form = page.form_to("/account/profile/email");
    eve.submit(&page, form, &[("email", "eve@example.test")])
        .await;
    let verify = link_to(&server, "eve@example.test", "/verify_email").await;
    assert_eq!(press(&mut eve, &verify).await.status(), 200);
    assert_eq!(
        alice(&server).await.email.as_deref(),
        Some("eve@example.test")
    );
    change_password(&mut eve, NEW, "another-kettle-of-brass").await;
    let of_eve = link_to(&server, "eve@example.test", "/not_me").await;
    let page = owner.open(&url).await;
    assert!(page.text().contains("again"), "{}", page.text());
    let done = press(&mut owner, &url).await;
    assert_eq!(done.heading(), SECURED);
    assert_eq!(alice(&server).await.email.as_deref(), Some(ADDRESS));
    let reset = link_to(&server, ADDRESS, "/password_reset").await;
    assert_eq!(owner.open(&reset).await.status(), 200);
    let to_eve = mails_to(&server, "eve@example.test").await;
    assert!(!to_eve.iter().any(|mail| mail.contains("/password_reset")));
    assert!(to_eve.iter().any(|mail| mail.contains("no longer used")));
    // The attacker has links of later changes, in the mailbox of the address in between.
    eve.open(&of_eve).await.is_trouble(400, USED);
}

#[tokio::test]
async fn forged_foreign_and_replayed_links_answer_alike_and_change_nothing() {
    let server = mailbox_server().await;
    let (mut eve, mut owner) = (Browser::new(&server), Browser::new(&server));
    let url = taken_over(&server, &mut eve).await;
    let (_, token) = url.split_once("token=").unwrap();
    let unknown = "A".repeat(43);
    for (page, token, heading) in [
        ("/not_me", unknown.as_str(), USED),
        ("/not_me", "x", "This link doesn’t work"),
        ("/not_me", "", "This link doesn’t work"),
        ("/email_undo", token, USED),
        ("/verify_email", token, USED),
        ("/password_reset", token, USED),
    ] {
        let url = server.url(&format!("{page}?token={token}"));
        owner.open(&url).await.is_trouble(400, heading);
    }
    let page = owner.open(&url).await;
    // The form of one link does not use another, nor does that of another browser or none.
    for form in [
        page.form().with("token", &unknown),
        page.form().without("csrf"),
        page.form().with("csrf", "x"),
        eve.open(&url).await.form(),
    ] {
        let refused = owner.submit(&page, form, &[]).await;
        refused.is_trouble(403, "We didn’t accept that");
    }
    let stranger = server.post("/not_me").form(&[("token", token)]).send();
    assert_ne!(stranger.await.status, 200);
    assert!(has_password(&server).await);
    let used = owner.submit(&page, page.form(), &[]).await;
    assert_eq!(used.heading(), SECURED);
    let again = owner.submit(&page, page.form(), &[]).await;
    again.is_trouble(400, USED);
}

#[tokio::test]
async fn two_presses_at_once_count_once() {
    let server = mailbox_server().await;
    let url = taken_over(&server, &mut Browser::new(&server)).await;
    let (mut one, mut two) = (Browser::new(&server), Browser::new(&server));
    let (first, second) = (one.open(&url).await, two.open(&url).await);
    let (first, second) = tokio::join!(
        one.submit(&first, first.form(), &[]),
        two.submit(&second, second.form(), &[])
    );
    let mut statuses = [first.status(), second.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    assert_eq!(server.audited(AuditEvent::LoginDisowned).await, 1);
    let resets = async || {
        let mails = mails_to(&server, ADDRESS).await;
        let resets = mails.iter().filter(|mail| mail.contains("/password_reset"));
        resets.count()
    };
    eventually("the link to a new password", async || resets().await > 0).await;
    assert_eq!(resets().await, 1);
}

#[tokio::test]
async fn a_link_of_a_disabled_user_does_nothing() {
    let server = mailbox_server().await;
    let url = taken_over(&server, &mut Browser::new(&server)).await;
    let command = cardea_store::UserChange {
        subject: server.subject(Person::ALICE).await,
        update: cardea_store::UserUpdate {
            status: Some(cardea_protocol::model::UserStatus::Disabled),
            ..Default::default()
        },
        cause: server.cause(),
    };
    assert!(server.store.change_user(command).await.unwrap());
    let mut owner = Browser::new(&server);
    owner.open(&url).await.is_trouble(400, USED);
    let (_, token) = url.split_once("token=").unwrap();
    let token = cardea_seal::RandomToken::parse(token).unwrap().hash();
    let taken = server.store.take_link(TakeLink {
        token,
        effect: LinkEffect::NotMe,
        next: None,
        mails: Vec::new(),
        cause: server.cause(),
    });
    assert_eq!(taken.await.unwrap(), None);
}
