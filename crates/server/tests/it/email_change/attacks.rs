//! What an enemy gets who wants the address of another, or changes the address of another account.

use super::*;

#[tokio::test]
async fn enumeration_the_answer_and_the_notice_are_the_same_and_the_owner_of_the_address_is_told() {
    let server = mailbox_server().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let page = question(&mut browser).await;
    let mut answers = Vec::new();
    for email in ["free@example.test", "bob@example.test", "BOB@example.test"] {
        let answer = browser
            .submit(
                &page,
                page.form_to("/account/profile/email"),
                &[("email", email)],
            )
            .await;
        assert_eq!(answer.status(), 200);
        answers.push(answer.text().replace(email, "EMAIL"));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let mut told = Vec::new();
    eventually("the owner is told", async || {
        told = mails_to(&server, "bob@example.test").await;
        !told.is_empty()
    })
    .await;
    assert!(told[0].contains("Nothing was changed"), "{}", told[0]);
    assert!(!told[0].contains("/verify_email"));
    // What the user sees is the same in all cases: notices, and the links of the activity.
    eventually("a notice of each request", async || {
        mails_to(&server, OLD).await.len() == 3
    })
    .await;
    assert_eq!(server.audited(AuditEvent::LinkMade).await, 3);
    assert_eq!(address(&server).await, verified(OLD));
    assert_eq!(
        user(&server, Person::BOB).await.email.as_deref(),
        Some("bob@example.test")
    );
}

#[tokio::test]
async fn header_injection_and_oversized_addresses_are_refused() {
    let server = mailbox_server().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let page = question(&mut browser).await;
    for bad in [
        "",
        "new",
        "new@example.test\r\nBcc: eve@example.test",
        "new@example.test\nSubject: x",
        "<new@example.test>",
        "new@example.test, eve@example.test",
        "new@example.test\0",
        &format!("{}@example.test", "a".repeat(300)),
    ] {
        let answer = browser
            .submit_once(
                &page,
                page.form_to("/account/profile/email"),
                &[("email", bad)],
            )
            .await;
        assert_eq!(answer.status, 422, "{bad:?}");
    }
    let long = "a".repeat(20_000);
    let answer = browser
        .submit_once(
            &page,
            page.form_to("/account/profile/email"),
            &[("email", &long)],
        )
        .await;
    assert_eq!(answer.status, 413);
    assert_eq!(server.audited(AuditEvent::LinkMade).await, 0);
}

#[tokio::test]
async fn forged_foreign_expired_and_replayed_links_change_nothing() {
    let server = mailbox_server().await;
    let mut browser = Browser::new(&server);
    let undo = changed(&server, &mut browser).await;
    let (_, undo_token) = undo.split_once("token=").unwrap();
    assert!(
        ask(&mut browser, "third@example.test")
            .await
            .text()
            .contains(ASKED)
    );
    let verify = link_to(&server, "third@example.test", "/verify_email").await;
    let (_, verify_token) = verify.split_once("token=").unwrap();
    let unknown = "A".repeat(43);
    // A link of one page is none of another.
    for (page, token, heading) in [
        ("/verify_email", undo_token, USED),
        ("/email_undo", verify_token, USED),
        ("/password_reset", undo_token, USED),
        ("/verify_email", unknown.as_str(), USED),
        ("/email_undo", unknown.as_str(), USED),
        ("/email_undo", "x", "This link doesn’t work"),
        ("/email_undo", "", "This link doesn’t work"),
    ] {
        let url = server.url(&format!("{page}?token={token}"));
        browser.open(&url).await.is_trouble(400, heading);
    }
    // The form of one link does not use another, nor does that of another browser.
    let page = browser.open(&verify).await;
    let form = page.form().with("token", undo_token);
    browser
        .submit(&page, form, &[])
        .await
        .is_trouble(403, NOT_FROM_HERE);
    let mut elsewhere = Browser::new(&server);
    elsewhere.open(&server.url("/login")).await;
    let refused = elsewhere.submit(&page, page.form(), &[]).await;
    refused.is_trouble(403, NOT_FROM_HERE);
    let page_of_undo = browser.open(&undo).await;
    let refused = elsewhere
        .submit(&page_of_undo, page_of_undo.form(), &[])
        .await;
    refused.is_trouble(403, NOT_FROM_HERE);
    server.advance(SignedDuration::from_hours(1));
    browser
        .submit(&page, page.form(), &[])
        .await
        .is_trouble(400, USED);
    assert_eq!(address(&server).await, verified(NEW));
}

#[tokio::test]
async fn another_site_changes_no_address() {
    let server = mailbox_server().await;
    let (mut alice, mut bob) = (Browser::new(&server), Browser::new(&server));
    log_in(&mut alice, Person::ALICE).await;
    log_in(&mut bob, Person::BOB).await;
    let page = question(&mut alice).await;
    let of_bob = question(&mut bob).await;
    for form in [
        of_bob.form_to("/account/profile/email"),
        page.form_to("/account/profile/email").without("csrf"),
        page.form_to("/account/profile/email").with("csrf", "x"),
    ] {
        let form = form.with("email", NEW);
        alice
            .submit(&page, form, &[])
            .await
            .is_trouble(403, NOT_FROM_HERE);
    }
    assert_eq!(server.audited(AuditEvent::LinkMade).await, 0);
}

#[tokio::test]
async fn pre_hijacking_an_address_that_is_not_confirmed_counts_for_nothing() {
    let server = mailbox_server().await;
    let mut eve = Browser::new(&server);
    log_in(&mut eve, Person::ALICE).await;
    assert!(
        ask(&mut eve, "victim@example.test")
            .await
            .text()
            .contains(ASKED)
    );
    let url = link_to(&server, "victim@example.test", "/verify_email").await;
    let login = Browser::new(&server).open(&server.url("/login")).await;
    assert_eq!(login.status(), 200);
    let name = cardea_protocol::model::Username::parse("victim@example.test").unwrap();
    assert!(server.store.login_user(&name).await.unwrap().is_none());
    let profile = eve.open(&server.url("/account/profile")).await;
    assert!(!profile.text().contains("victim@example.test"));
    // The owner of the address reads whose account it is, before confirming anything.
    let page = Browser::new(&server).open(&url).await;
    assert!(page.text().contains("<bdi>alice</bdi>"), "{}", page.text());
    // Bob, who proves the address first, has it.
    let mut bob = Browser::new(&server);
    log_in(&mut bob, Person::BOB).await;
    assert!(
        ask(&mut bob, "victim@example.test")
            .await
            .text()
            .contains(ASKED)
    );
    eventually("the link of bob", async || {
        mails_to(&server, "victim@example.test").await.len() == 2
    })
    .await;
    let of_bob = mails_to(&server, "victim@example.test").await;
    let token = |mail: &String| {
        let (_, rest) = mail.split_once("/verify_email?token=").unwrap();
        rest.get(..rest.find(['"', '<']).unwrap())
            .unwrap()
            .to_owned()
    };
    let urls = of_bob
        .iter()
        .map(|mail| server.url(&format!("/verify_email?token={}", token(mail))));
    let url_of_bob = urls.into_iter().find(|one| *one != url).unwrap();
    assert_eq!(press(&mut bob, &url_of_bob).await.heading(), CONFIRMED);
    let taken = press(&mut eve, &url).await;
    assert_eq!(taken.status(), 422);
    assert!(taken.text().contains("account of its own"));
    assert_eq!(address(&server).await, verified(OLD));
}

#[tokio::test]
async fn two_confirmations_and_two_undos_at_once_count_once() {
    let server = mailbox_server().await;
    let mut alice = Browser::new(&server);
    log_in(&mut alice, Person::ALICE).await;
    assert!(ask(&mut alice, NEW).await.text().contains(ASKED));
    let mut url = link_to(&server, NEW, "/verify_email").await;
    for _ in 0..2 {
        let (mut one, mut two) = (Browser::new(&server), Browser::new(&server));
        let (first, second) = (one.open(&url).await, two.open(&url).await);
        let (first, second) = tokio::join!(
            one.submit(&first, first.form(), &[]),
            two.submit(&second, second.form(), &[])
        );
        let mut statuses = [first.status(), second.status()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400]);
        url = link_to(&server, OLD, "/email_undo").await;
    }
    assert_eq!(address(&server).await, verified(OLD));
}

#[tokio::test]
async fn a_flood_of_requests_sends_few_mails() {
    let builder = TestServer::builder().config(|config| {
        config.development = true;
        config.limits.enabled = true;
        config.limits.login_per_minute = 1000;
        config.limits.login_per_account_per_minute = 3;
    });
    let server = builder.issuer("http://localhost:9000").start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let page = question(&mut browser).await;
    for number in 0..20 {
        let email = format!("victim{number}@example.test");
        let answer = browser
            .submit_once(
                &page,
                page.form_to("/account/profile/email"),
                &[("email", &email)],
            )
            .await;
        assert_eq!(answer.status, 200);
    }
    eventually("a link is made", async || {
        server.audited(AuditEvent::LinkMade).await > 0
    })
    .await;
    assert!(server.audited(AuditEvent::LinkMade).await <= 4);
}
