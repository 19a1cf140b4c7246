use cardea_testkit::{Answer, eventually};

use super::*;

async fn at_second_step(browser: &mut Browser<'_>) -> Page {
    let page = after_password(browser, &request(), Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor");
    page
}

fn is_refused(page: &Page) -> bool {
    page.status() == 422 && page.path() == "/second_factor"
}

#[tokio::test]
async fn a_code_is_not_replayed_in_its_step_nor_the_one_before_after_it() {
    let server = TestServer::start().await;
    let (app, _) = enrolled(&mut Browser::new(&server), Person::ALICE).await;
    let before = app.code(&server);
    server.advance(SignedDuration::from_secs(30));
    let code = app.code(&server);
    let mut first = Browser::new(&server);
    let page = at_second_step(&mut first).await;
    enter(&mut first, &page, &code).await;
    assert!(first.cookie(SESSION).is_some());
    for replayed in [&code, &before] {
        let mut thief = Browser::new(&server);
        let page = at_second_step(&mut thief).await;
        let page = enter(&mut thief, &page, replayed).await;
        assert!(is_refused(&page), "{}", page.text());
        assert!(thief.cookie(SESSION).is_none());
    }
}

/// Whoever finds a browser that was left open, or steals its cookie, has no way in of their own.
#[tokio::test]
async fn a_session_that_was_left_open_sets_up_no_factor_of_a_stranger() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let page = browser.open(&demanding().url(&server)).await;
    assert_eq!(page.path(), "/second_factor", "a recent sign-in may");
    server.advance(SignedDuration::from_secs(601));
    // Neither by a form that was shown in time nor by a new one.
    let app = App::scan(&page);
    let page = enter(&mut browser, &page, &app.code(&server)).await;
    assert_eq!(page.path(), "/login", "{}", page.text());
    let page = browser.open(&demanding().url(&server)).await;
    assert_eq!(page.path(), "/login", "{}", page.text());
    let subject = server.subject(Person::ALICE).await;
    let factors = server.store.factors(&subject).await.unwrap();
    assert!(factors.totp.is_none() && factors.backup_codes == 0);
    // After the password it goes on.
    let page = log_in_at(&mut browser, &page, Person::ALICE).await;
    assert_eq!(page.path(), "/second_factor", "{}", page.text());
}

#[tokio::test]
async fn of_two_requests_at_once_with_one_code_one_wins() {
    let server = TestServer::start().await;
    let (app, codes) = enrolled(&mut Browser::new(&server), Person::ALICE).await;
    for code in [app.code(&server), codes[0].clone()] {
        let (mut one, mut two) = (Browser::new(&server), Browser::new(&server));
        let pages = (
            at_second_step(&mut one).await,
            at_second_step(&mut two).await,
        );
        let (first, second) = tokio::join!(
            enter(&mut one, &pages.0, &code),
            enter(&mut two, &pages.1, &code)
        );
        let refused = [&first, &second]
            .into_iter()
            .filter(|page| is_refused(page));
        assert_eq!(refused.count(), 1);
    }
}

#[tokio::test]
async fn wrong_codes_are_counted_across_tickets_and_networks_and_the_owner_gets_in_again() {
    let server = TestServer::start().await;
    let (app, codes) = enrolled(&mut Browser::new(&server), Person::ALICE).await;
    for guess in 0..5_u8 {
        let mut thief = Browser::new(&server).at([203, 0, guess, 1]);
        let page = at_second_step(&mut thief).await;
        assert!(is_refused(&enter(&mut thief, &page, "000000").await));
    }
    let mut locked = Browser::new(&server).at([203, 0, 99, 1]);
    let page = at_second_step(&mut locked).await;
    for right in [app.code(&server), codes[0].clone()] {
        let page = enter(&mut locked, &page, &right).await;
        assert_eq!(page.status(), 429, "not even the right one");
        assert_eq!(page.answer.header("retry-after"), Some("15"));
        assert!(locked.cookie(SESSION).is_none());
    }
    server.advance(SignedDuration::from_secs(30));
    let page = enter(&mut locked, &page, &app.code(&server)).await;
    assert!(!is_refused(&page) && locked.cookie(SESSION).is_some());
    // Nothing was used up while it was locked, and the count begins again.
    let mut next = Browser::new(&server);
    let page = at_second_step(&mut next).await;
    let page = enter(&mut next, &page, &codes[0]).await;
    assert!(!is_refused(&page));
    // Without the password nobody gets to this count.
    eventually("an audit row", async || {
        let rows = server
            .store
            .audit(Default::default(), cardea_store::Page::first(100))
            .await;
        rows.unwrap()
            .items
            .iter()
            .any(|row| row.event.name() == "factor_failed")
    })
    .await;
}

#[tokio::test]
async fn the_step_is_not_skipped_by_opening_another_page() {
    let server = TestServer::start().await;
    enrolled(&mut Browser::new(&server), Person::ALICE).await;
    let mut thief = Browser::new(&server);
    let page = at_second_step(&mut thief).await;
    let query = page.url.query().unwrap().to_owned();
    for path in ["/consent", "/choose_account", "/login", "/authorize"] {
        let page = thief.open(&server.url(&format!("{path}?{query}"))).await;
        let asked = if path == "/authorize" {
            "/login"
        } else {
            "/second_factor"
        };
        assert_eq!(page.path(), asked, "{path}");
    }
    let page = thief.open(&server.url("/account")).await;
    assert_eq!(page.path(), "/login");
    let posted = page.form().without("section").with("decision", "allow");
    let consent = cardea_testkit::Form {
        options: None,
        action: "/consent".to_owned(),
        ..posted
    };
    let page = thief.submit(&page, consent, &[]).await;
    assert!(
        !page
            .answer
            .header("location")
            .is_some_and(|l| l.contains("code="))
    );
    assert!(thief.cookie(SESSION).is_none());
}

#[tokio::test]
async fn a_ticket_of_another_browser_proves_nothing() {
    let server = TestServer::start().await;
    let (app, _) = enrolled(&mut Browser::new(&server), Person::ALICE).await;
    let mut owner = Browser::new(&server);
    let page = at_second_step(&mut owner).await;
    // The attacker has its own login in progress, and the owner's ticket and form.
    enrolled(&mut Browser::new(&server), Person::BOB).await;
    let mut thief = Browser::new(&server);
    let own = after_password(&mut thief, &request(), Person::BOB).await;
    let stolen = own.form().with("ticket", page.form().value("ticket"));
    let answer = thief
        .submit(&own, stolen, &[("code", &app.code(&server))])
        .await;
    assert!(thief.cookie(SESSION).is_none());
    assert!(answer.path() != "/second_factor" || answer.status() != 303);
    // Alice's code is no code of Bob.
    let answer = enter(&mut thief, &own, &app.code(&server)).await;
    assert!(is_refused(&answer));
}

#[tokio::test]
async fn a_secret_is_proved_only_where_it_was_shown_and_not_for_long() {
    let server = TestServer::start().await;
    let mut bob = Browser::new(&server);
    let bobs = after_password(&mut bob, &demanding(), Person::BOB).await;
    let mut browser = Browser::new(&server);
    let page = after_password(&mut browser, &demanding(), Person::ALICE).await;
    // Bob's secret in Alice's form.
    let form = page
        .form()
        .with("enrolment", bobs.form().value("enrolment"));
    let code = App::scan(&bobs).code(&server);
    let answer = browser.submit(&page, form, &[("code", &code)]).await;
    assert_eq!(answer.status(), 422);
    assert!(browser.cookie(SESSION).is_none());
    // A form that was answered proves no second app.
    let app = App::scan(&page);
    let done = enter(&mut browser, &page, &app.code(&server)).await;
    assert_eq!(done.status(), 200);
    let mut other = Browser::new(&server);
    let second = after_password(&mut other, &demanding(), Person::ALICE).await;
    assert!(!second.text().contains("class=\"qr\""), "an app is there");
    let form = second
        .form()
        .with("enrolment", page.form().value("enrolment"));
    let answer = other
        .submit(&second, form, &[("code", &app.code(&server))])
        .await;
    assert!(is_refused(&answer), "the code that proved it");
}

async fn change_password(server: &TestServer) {
    let hash = server.password_hash(Person::BOB).await;
    server.set_password_hash(Person::ALICE, &hash).await;
}

#[tokio::test]
async fn a_login_in_progress_does_not_survive_a_new_password_and_trust_is_forgotten() {
    let server = TestServer::start().await;
    let (app, _) = enrolled(&mut Browser::new(&server), Person::ALICE).await;
    let mut trusted = Browser::new(&server);
    let page = at_second_step(&mut trusted).await;
    let fill = [("code", app.code(&server))];
    let fill: Vec<_> = fill.iter().map(|(k, v)| (*k, v.as_str())).collect();
    trusted.submit(&page, page.form(), &fill).await;
    assert!(trusted.cookie(TRUSTED).is_some());
    let mut thief = Browser::new(&server);
    let page = at_second_step(&mut thief).await;
    server.advance(SignedDuration::from_secs(30));
    change_password(&server).await;
    let page = enter(&mut thief, &page, &app.code(&server)).await;
    assert!(thief.cookie(SESSION).is_none(), "{}", page.text());
    // With the new password the second factor is asked, in the browser that was trusted too.
    let mut new = Person::ALICE;
    new.password = Person::BOB.password;
    trusted.lose(SESSION);
    let page = after_password(&mut trusted, &request(), new).await;
    assert_eq!(page.path(), "/second_factor");
}

#[tokio::test]
async fn forged_and_oversized_fields_are_refused() {
    let server = TestServer::start().await;
    enrolled(&mut Browser::new(&server), Person::ALICE).await;
    let mut browser = Browser::new(&server);
    let page = at_second_step(&mut browser).await;
    let submit = async |browser: &mut Browser<'_>, name: &str, value: &str| -> Answer {
        let form = page.form().with("code", "123456").with(name, value);
        browser.submit_once(&page, form, &[]).await
    };
    for (name, value, status) in [
        ("csrf", "forged", 400),
        ("ticket", "forged", 400),
        ("code", &*"9".repeat(20_000), 413),
        ("code", "", 422),
        ("code", "<script>", 422),
    ] {
        let answer = submit(&mut browser, name, value).await;
        let found = answer.status.as_u16();
        assert!(
            found == status || (400..500).contains(&found),
            "{name} {found}"
        );
        assert!(
            !answer.text().contains("<script>alert") && !answer.text().contains("value=\"<script")
        );
        assert!(browser.cookie(SESSION).is_none());
    }
}
