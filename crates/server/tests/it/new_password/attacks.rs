use super::*;

/// A form for a new password with the ticket of another page, as an attacker makes one.
fn forged(page: &Page) -> Form {
    let mut form = page.form();
    form.action = PATH.to_owned();
    form.with("password", NEW)
}

#[tokio::test]
async fn a_form_without_a_ticket_or_a_token_of_ours_changes_nothing() {
    let server = TestServer::start().await;
    must_change(&server, Person::ALICE).await;
    let stranger = server.post(PATH).form(&[("password", NEW)]).send().await;
    assert_eq!(stranger.status, 400);
    let mut browser = Browser::new(&server);
    let page = question(&mut browser, Person::ALICE).await;
    let filled = || page.form().with("password", NEW);
    for form in [
        filled().without("ticket"),
        filled().with("ticket", "v1.forged"),
        filled().without("csrf"),
        filled().with("csrf", ""),
    ] {
        let refused = browser.submit(&page, form, &[]).await;
        assert!([400, 403].contains(&refused.status()), "{}", refused.text());
        nothing_happened(&server, &browser).await;
    }
    let fields = [("ticket", page.form().value("ticket")), ("password", NEW)]
        .map(|(k, v)| (k, v.to_owned()));
    let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let refused = browser.cross_site_post(&server.url(PATH), &fields).await;
    assert_ne!(refused.status(), 200);
    nothing_happened(&server, &browser).await;
}

#[tokio::test]
async fn a_ticket_that_has_proved_nothing_sets_no_password() {
    let server = TestServer::start().await;
    must_change(&server, Person::ALICE).await;
    let mut thief = Browser::new(&server);
    let page = login_page(&mut thief).await;
    let form = forged(&page).with("username", "alice");
    thief.submit(&page, form, &[]).await;
    nothing_happened(&server, &thief).await;
}

#[tokio::test]
async fn a_stolen_password_without_the_second_factor_sets_no_other() {
    let server = TestServer::start().await;
    enrolled(&server).await;
    must_change(&server, Person::ALICE).await;
    let mut thief = Browser::new(&server);
    let page = login_page(&mut thief).await;
    let page = log_in_at(&mut thief, &page, Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor");
    // With the token of its own page, and with that of the second factor.
    thief.submit(&page, forged(&page), &[]).await;
    nothing_happened(&server, &thief).await;
    let url = format!(
        "{}?ticket={}",
        server.url(PATH),
        page.form().value("ticket")
    );
    let page = thief.open(&url).await;
    assert_eq!(page.path(), "/second_factor", "{}", page.text());
    nothing_happened(&server, &thief).await;
}

#[tokio::test]
async fn the_ticket_of_another_user_sets_no_password() {
    let server = TestServer::start().await;
    must_change(&server, Person::ALICE).await;
    let mut alice = Browser::new(&server);
    let of_alice = question(&mut alice, Person::ALICE).await;
    // In another browser, by the whole form or with a token of one's own.
    let mut thief = Browser::new(&server);
    let own = login_page(&mut thief).await;
    let stolen = of_alice.form().with("password", NEW);
    let own_token = own.form().value("csrf").to_owned();
    for form in [
        of_alice.form().with("password", NEW),
        stolen.with("csrf", &own_token),
    ] {
        let page = thief.submit(&own, form, &[]).await;
        assert_ne!(page.path(), "/account/profile", "{}", page.text());
        nothing_happened(&server, &thief).await;
    }
    // Of another user of the same browser: the ticket says whose password it is, and the form can't name another.
    must_change(&server, Person::BOB).await;
    let mut shared = Browser::new(&server);
    let page = question(&mut shared, Person::BOB).await;
    let form = page.form().with("password", NEW).with("username", "alice");
    shared.submit(&page, form, &[]).await;
    assert!(!is_due(&server, Person::BOB).await);
    assert!(is_due(&server, Person::ALICE).await);
    assert_eq!(sign_in(&server, NEW).await.status(), 422);
}

#[tokio::test]
async fn of_two_forms_at_once_one_sets_the_password() {
    let server = TestServer::start().await;
    must_change(&server, Person::ALICE).await;
    let (mut one, mut two) = (Browser::new(&server), Browser::new(&server));
    let first = question(&mut one, Person::ALICE).await;
    let second = question(&mut two, Person::ALICE).await;
    let other = "eight-oaken-doors-ajar";
    let (a, b) = tokio::join!(
        choose(&mut one, &first, NEW),
        choose(&mut two, &second, other)
    );
    let signed_in = |browser: &Browser<'_>| browser.cookie(SESSION).is_some();
    assert_ne!(
        signed_in(&one),
        signed_in(&two),
        "{} {}",
        a.text(),
        b.text()
    );
    assert_eq!(changes(&server).await, 1);
    let (works, not) = match signed_in(&one) {
        true => (NEW, other),
        false => (other, NEW),
    };
    assert_eq!(sign_in(&server, works).await.path(), "/account/profile");
    assert_eq!(sign_in(&server, not).await.status(), 422);
}

#[tokio::test]
async fn a_form_that_is_sent_again_sets_no_password() {
    let server = TestServer::start().await;
    must_change(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = question(&mut browser, Person::ALICE).await;
    let cookies = browser.cookies().clone();
    choose(&mut browser, &page, NEW).await;
    // With the cookies of then, as of a browser that was copied.
    let mut thief = Browser::new(&server);
    for (name, value) in &cookies {
        thief.plant(name, value);
    }
    for _ in 0..2 {
        choose(&mut thief, &page, "eight-oaken-doors-ajar").await;
        assert!(thief.cookie(SESSION).is_none());
    }
    assert_eq!(changes(&server).await, 1);
    assert_eq!(sign_in(&server, NEW).await.path(), "/account/profile");
    // Not even when it is asked for again: the proof was of the password before.
    must_change(&server, Person::ALICE).await;
    let page = choose(&mut thief, &page, "eight-oaken-doors-ajar").await;
    assert!(thief.cookie(SESSION).is_none(), "{}", page.text());
    assert_eq!(changes(&server).await, 1);
}

#[tokio::test]
async fn whoever_goes_elsewhere_in_place_of_the_step_is_not_signed_in() {
    let server = TestServer::start().await;
    must_change(&server, Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let request = Authorization::of(SPA).url(&server);
    let page = browser.open(&request).await;
    let page = log_in_at(&mut browser, &page, Person::ALICE).await;
    assert_eq!(page.path(), PATH);
    let ticket = page.form().value("ticket").to_owned();
    for path in [
        "/login",
        "/second_factor",
        "/consent",
        "/choose_account",
        "/passkey",
    ] {
        let page = browser
            .open(&format!("{}?ticket={ticket}", server.url(path)))
            .await;
        assert_eq!(page.path(), PATH, "{path}: {}", page.text());
    }
    let page = browser
        .open(&format!("{}?ticket={ticket}", server.url("/authorize")))
        .await;
    assert_eq!(page.path(), "/login", "{}", page.text());
    assert_eq!(browser.open(&request).await.path(), "/login");
    assert_eq!(browser.open(&server.url("/account")).await.path(), "/login");
    nothing_happened(&server, &browser).await;
}

#[tokio::test]
async fn a_password_that_becomes_due_during_a_sign_in_opens_no_session() {
    let server = TestServer::start().await;
    let app = enrolled(&server).await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser).await;
    let page = log_in_at(&mut browser, &page, Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor");
    must_change(&server, Person::ALICE).await;
    let page = enter(&mut browser, &page, &app.code(&server)).await;
    assert_eq!(page.path(), PATH, "{}", page.text());
    nothing_happened(&server, &browser).await;
}
