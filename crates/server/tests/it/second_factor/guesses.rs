//! Guesses at the code by somebody who knows the password (requirements 1.14, 2.5).

use cardea_protocol::model::FactorFailures;

use super::*;

/// How many guesses are checked when every minute brings more than enough of them.
fn most_within(minutes: i64) -> u32 {
    let start = jiff::Timestamp::UNIX_EPOCH;
    let mut failures = FactorFailures::default();
    for minute in 0..minutes {
        let now = start + SignedDuration::from_mins(minute);
        while failures.locked(now).is_none() {
            failures.count += 1;
            failures.last_at = Some(now);
        }
    }
    failures.count
}

/// 10,000 guesses from 1,000 networks in many journeys within ten minutes, at one account.
#[tokio::test]
async fn a_code_guessed_from_1000_networks_is_hardly_checked_and_its_owner_signs_in() {
    const ROUNDS: u32 = 10;
    let server = TestServer::builder().config(|config| config.limits.enabled = true);
    let server = server.start().await;
    // The attacker signed in before there was a second factor: the browser is known by its password only.
    let mut stranger = Browser::new(&server).at([198, 51, 100, 7]);
    let page = after_password(&mut stranger, &request(), Person::ALICE).await;
    id_token(&mut stranger, page).await;
    let mut own = Browser::new(&server);
    let (app, _) = enrolled(&mut own, Person::ALICE).await;
    let (mut checked, mut waited) = (0, 0);
    for round in 0..ROUNDS {
        stranger.lose(SESSION);
        stranger = stranger.at([198, 51, 100, u8::try_from(round).unwrap()]);
        let page = after_password(&mut stranger, &request(), Person::ALICE).await;
        assert_eq!(page.path(), "/second_factor");
        for network in 0..1000_u32 {
            let [.., high, low] = network.to_be_bytes();
            stranger = stranger.at([11 + high, low, 7, 1]);
            let form = page.form().without("trust");
            let answer = stranger
                .submit_once(&page, form, &[("code", "000000")])
                .await;
            match answer.status.as_u16() {
                422 => checked += 1,
                429 => waited += 1,
                other => panic!("{other}"),
            }
        }
        server.advance(SignedDuration::from_secs(60));
    }
    assert_eq!(checked + waited, 10_000);
    assert_eq!(checked, most_within(i64::from(ROUNDS)));
    // Whoever has the right code now has to wait elsewhere; the owner does not, where it was proved before.
    let mut elsewhere = Browser::new(&server).at([198, 51, 100, 99]);
    let page = after_password(&mut elsewhere, &request(), Person::ALICE).await;
    let page = enter(&mut elsewhere, &page, &app.code(&server)).await;
    assert_eq!(page.status(), 429);
    own.lose(SESSION);
    let page = after_password(&mut own, &request(), Person::ALICE).await;
    let page = enter(&mut own, &page, &app.code(&server)).await;
    assert_eq!(id_token(&mut own, page).await["acr"], MFA);
}

#[tokio::test]
async fn guesses_in_a_browser_that_is_known_wait_too_and_it_is_known_for_its_own_user_only() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let (app, _) = enrolled(&mut browser, Person::ALICE).await;
    enrolled(&mut Browser::new(&server), Person::BOB).await;
    browser.lose(SESSION);
    let page = after_password(&mut browser, &request(), Person::ALICE).await;
    for _ in 0..5 {
        assert_eq!(enter(&mut browser, &page, "000000").await.status(), 422);
    }
    let code = app.code(&server);
    assert_eq!(enter(&mut browser, &page, &code).await.status(), 429);
    // Another browser of Alice does not wait for this one.
    let mut other = Browser::new(&server);
    let page = after_password(&mut other, &request(), Person::ALICE).await;
    enter(&mut other, &page, &code).await;
    assert!(other.cookie(SESSION).is_some());
    // In Alice's browser Bob is a stranger, who waits with all others.
    for guess in 0..5_u8 {
        let mut thief = Browser::new(&server).at([203, 0, guess, 1]);
        let page = after_password(&mut thief, &request(), Person::BOB).await;
        assert_eq!(enter(&mut thief, &page, "000000").await.status(), 422);
    }
    other.lose(SESSION);
    let page = after_password(&mut other, &request(), Person::BOB).await;
    assert_eq!(enter(&mut other, &page, "000000").await.status(), 429);
}

#[tokio::test]
async fn a_new_password_makes_a_known_browser_wait_with_all_others() {
    let server = TestServer::start().await;
    let mut thief = Browser::new(&server);
    enrolled(&mut thief, Person::ALICE).await;
    let hash = server.password_hash(Person::BOB).await;
    server.set_password_hash(Person::ALICE, &hash).await;
    let mut new = Person::ALICE;
    new.password = Person::BOB.password;
    for guess in 0..5_u8 {
        let mut other = Browser::new(&server).at([203, 0, guess, 1]);
        let page = after_password(&mut other, &request(), new).await;
        assert_eq!(enter(&mut other, &page, "000000").await.status(), 422);
    }
    thief.lose(SESSION);
    let page = after_password(&mut thief, &request(), new).await;
    assert_eq!(enter(&mut thief, &page, "000000").await.status(), 429);
}
