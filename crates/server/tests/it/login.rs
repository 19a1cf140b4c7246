//! `/login`: one answer for every failed login, and no login by another's form.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use cardea_protocol::model::Username;
use cardea_testkit::{
    Answer, Browser, Page, Person, TestServer,
    clients::SPA,
    eventually,
    flows::{Authorization, code_for, log_in, log_in_at},
};
use cardea_web::config::SecretText;
use jiff::SignedDuration;

const SESSION: &str = "__Host-cardea_session";
const BROWSER: &str = "__Host-cardea_browser";
const DEVICE: &str = "__Host-cardea_device";
const WRONG: &str = "Incorrect user name or password.";

async fn login_page(browser: &mut Browser<'_>) -> Page {
    let url = browser.server().url("/login");
    browser.open(&url).await
}

async fn attempt(browser: &mut Browser<'_>, username: &str, password: &str) -> Answer {
    let page = login_page(browser).await;
    let fill = [("username", username), ("password", password)];
    browser.submit_once(&page, page.form(), &fill).await
}

/// Five wrong passwords for bob, until they are in his row: that is written after the answer.
async fn lock_bob(browser: &mut Browser<'_>) {
    for _ in 0..5 {
        attempt(browser, "bob", "not-bobs-password").await;
    }
    let server = browser.server();
    let name = Username::parse("bob").unwrap();
    eventually("five failures in the row", async || {
        let bob = server.store.user_by_name(&name).await.unwrap().unwrap();
        bob.failures.count == 5
    })
    .await;
}

/// What is left of a login page when what may differ is taken out.
fn comparable(answer: &Answer, username: &str) -> (u16, Vec<(String, String)>, String) {
    // A longer name makes a longer page.
    let may_differ = ["x-request-id", "content-length"];
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !may_differ.contains(&name.as_str()));
    let headers = headers.map(|(k, v)| (k.to_string(), v.to_str().unwrap().to_owned()));
    let mut text = answer.text().to_owned();
    // Of both forms, and what is asked of a passkey.
    for start in [
        "name=\"csrf\" value=\"",
        "name=\"ticket\" value=\"",
        "name=\"csrf\" value=\"",
        "name=\"ticket\" value=\"",
        "name=\"challenge\" value=\"",
        "data-options=\"",
    ] {
        let (before, rest) = text.split_once(start).unwrap();
        let (_, after) = rest.split_once('"').unwrap();
        text = format!("{before}{after}");
    }
    let text = text.replace(&format!("value=\"{username}\""), "value=\"NAME\"");
    (answer.status.as_u16(), headers.collect(), text)
}

#[tokio::test]
async fn a_name_in_any_case_and_its_password_open_the_account_page() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser).await;
    let fill = [
        ("username", " Alice "),
        ("password", Person::ALICE.password),
    ];
    let account = browser.submit(&page, page.form(), &fill).await;
    assert_eq!(
        (account.status(), account.path()),
        (200, "/account/profile")
    );
}

#[tokio::test]
async fn unknown_wrong_disabled_and_locked_are_one_answer() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let unknown = attempt(&mut browser, "nobody", Person::ALICE.password).await;
    let expected = comparable(&unknown, "nobody");
    assert_eq!(expected.0, 422);
    assert!(expected.2.contains(WRONG) && expected.2.contains("value=\"NAME\""));
    assert_eq!(unknown.set_cookie(SESSION), None);

    let wrong = attempt(&mut browser, "alice", "wonderland-8-doors").await;
    assert_eq!(comparable(&wrong, "alice"), expected);
    let disabled = attempt(&mut browser, "carol", Person::CAROL.password).await;
    assert_eq!(comparable(&disabled, "carol"), expected);
    let malformed = attempt(&mut browser, "a b", Person::ALICE.password).await;
    assert_eq!(comparable(&malformed, "a b"), expected);
    lock_bob(&mut browser).await;
    let locked = attempt(&mut browser, "bob", Person::BOB.password).await;
    assert_eq!(comparable(&locked, "bob"), expected);
}

#[tokio::test]
async fn a_locked_account_opens_after_a_while() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    lock_bob(&mut browser).await;
    assert_eq!(
        attempt(&mut browser, "bob", Person::BOB.password)
            .await
            .status,
        422
    );
    server.advance(SignedDuration::from_secs(5));
    log_in(&mut browser, Person::BOB).await;
    // A login forgets the failures.
    attempt(&mut browser, "bob", "not-bobs-password").await;
    let mut other = Browser::new(&server);
    log_in(&mut other, Person::BOB).await;
}

#[tokio::test]
async fn strangers_do_not_lock_a_user_out_of_a_known_browser() {
    let server = TestServer::start().await;
    let mut own = Browser::new(&server);
    log_in(&mut own, Person::BOB).await;
    let mut stranger = Browser::new(&server);
    lock_bob(&mut stranger).await;
    assert_eq!(
        attempt(&mut stranger, "bob", Person::BOB.password)
            .await
            .status,
        422
    );
    // The cookie of another user's browser, or a changed one, opens nothing.
    let mut alices = Browser::new(&server);
    log_in(&mut alices, Person::ALICE).await;
    let device = own.cookie(DEVICE).unwrap().to_owned();
    for planted in [alices.cookie(DEVICE).unwrap(), &device[1..], "x.y", "."] {
        stranger.plant(DEVICE, planted);
        assert_eq!(
            attempt(&mut stranger, "bob", Person::BOB.password)
                .await
                .status,
            422
        );
    }
    assert_eq!(
        attempt(&mut own, "bob", Person::BOB.password).await.status,
        303
    );
}

#[tokio::test]
async fn blank_and_endless_passwords_are_just_wrong() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let long = "x".repeat(12_000);
    for password in [
        " ",
        "a-rabbit-hole-deep-7 ",
        "a-rabbit-hole-deep-7\0",
        &long,
    ] {
        let answer = attempt(&mut browser, "alice", password).await;
        assert_eq!(answer.status, 422);
    }
    let answer = attempt(&mut browser, "alice", &"x".repeat(17_000)).await;
    assert_eq!(answer.status, 413, "more than a form may have");
}

#[tokio::test]
async fn an_empty_field_is_named_and_is_no_attempt() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    for (username, password, problem) in [
        ("", "", "Enter your user name and your password."),
        ("  ", "", "Enter your user name and your password."),
        ("", Person::BOB.password, "Enter your user name."),
        (" ", Person::BOB.password, "Enter your user name."),
        ("bob", "", "Enter your password."),
        ("nobody", "", "Enter your password."),
        ("a b", "", "Enter your password."),
    ] {
        let answer = attempt(&mut browser, username, password).await;
        assert_eq!(answer.status, 422, "{username:?}");
        assert!(answer.text().contains(problem), "{username:?}");
        assert!(!answer.text().contains(WRONG));
        assert_eq!(answer.set_cookie(SESSION), None);
    }
    // Whether the user exists makes no difference, and the user is not locked.
    let known = attempt(&mut browser, "bob", "").await;
    let unknown = attempt(&mut browser, "nobody", "").await;
    assert_eq!(comparable(&known, "bob"), comparable(&unknown, "nobody"));
    for _ in 0..20 {
        attempt(&mut browser, "bob", "").await;
    }
    log_in(&mut browser, Person::BOB).await;
    let missing = browser.open(&server.url("/login")).await;
    let bare = missing.form().without("password").without("username");
    let answer = browser.submit_once(&missing, bare, &[]).await;
    assert_eq!(answer.status, 422);
}

#[tokio::test]
async fn what_was_typed_is_shown_again_but_the_password() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let answer = attempt(&mut browser, "<b>\"alice", "the-secret-attempt").await;
    assert!(!answer.text().contains("<b>\"alice") && !answer.text().contains("the-secret-attempt"));
}

#[tokio::test]
async fn a_login_is_not_posted_without_the_browsers_cookie() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser).await;
    browser.lose(BROWSER);
    let answered = log_in_at(&mut browser, &page, Person::ALICE).await;
    answered.is_trouble(400, "Please start again here");
    assert_eq!(browser.cookie(SESSION), None);
}

#[tokio::test]
async fn the_form_of_an_attacker_logs_no_user_in() {
    let server = TestServer::start().await;
    let mut attacker = Browser::new(&server);
    let bare = login_page(&mut attacker).await;
    let with_ticket = attacker.open(&Authorization::of(SPA).url(&server)).await;
    let mut victim = Browser::new(&server);
    login_page(&mut victim).await;
    let fill = [("username", "bob"), ("password", Person::BOB.password)];
    for page in [bare, with_ticket] {
        let answer = victim.submit_once(&page, page.form(), &fill).await;
        assert_eq!(answer.status, 303, "starts again");
        assert!(
            answer
                .location()
                .starts_with("https://id.example.test/login?ticket=")
        );
        assert_eq!(answer.set_cookie(SESSION), None);
        // Without a ticket there is no login at all.
        for form in [
            page.form().without("ticket"),
            page.form().with("ticket", ""),
        ] {
            let answer = victim.submit_once(&page, form, &fill).await;
            assert_eq!(answer.status, 400);
            assert_eq!(answer.set_cookie(SESSION), None);
        }
    }
}

#[tokio::test]
async fn a_form_of_another_site_logs_no_user_in() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let page = login_page(&mut browser).await;
    let form = page
        .form()
        .with("username", "bob")
        .with("password", Person::BOB.password);
    let pairs: Vec<_> = form
        .fields
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    for (name, value) in [
        ("origin", "https://evil.example.test"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let call = browser.call("POST", &server.url("/login"), true);
        let answer = call.header(name, value).form(&pairs).send().await;
        assert_eq!(answer.status, 403, "{name}: {value}");
        assert_eq!(answer.set_cookie(SESSION), None);
    }
    let own = browser.call("POST", &server.url("/login"), true);
    let own = own.header("origin", "https://id.example.test");
    assert_eq!(own.form(&pairs).send().await.status, 303);
}

#[tokio::test]
async fn an_old_hash_is_replaced_at_login() {
    let mut output = [0; 32];
    let params = Params::new(64, 1, 1, Some(32)).unwrap();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(b"an-old-password", b"somesaltsomesalt", &mut output)
        .unwrap();
    let (salt, hash) = (
        STANDARD_NO_PAD.encode("somesaltsomesalt"),
        STANDARD_NO_PAD.encode(output),
    );
    let old = format!("$argon2id$v=19$m=64,t=1,p=1${salt}${hash}");
    let server = TestServer::builder()
        .config(|config| {
            let mut dave = config.users[0].clone();
            dave.username = "dave".to_owned();
            dave.password_hash = Some(SecretText::new(old));
            config.users.push(dave);
        })
        .start()
        .await;
    let mut browser = Browser::new(&server);
    assert_eq!(
        attempt(&mut browser, "dave", "an-old-password")
            .await
            .status,
        303
    );
    let name = Username::parse("dave").unwrap();
    let dave = server.store.login_user(&name).await.unwrap().unwrap();
    let now = dave.password.unwrap().hash;
    assert!(now.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_eq!(
        attempt(&mut browser, "dave", "an-old-password")
            .await
            .status,
        303
    );
}

/// D23: hashes of the passwords of `cardea dev`.
const DEMO_HASHES: [(Person, &str, &str); 2] = [
    (
        Person::ALICE,
        "wonderland-7-doors",
        "$argon2id$v=19$m=19456,t=2,p=1$A/VALyGyj/FMhRTiYwGIyQ$3V7SifiMhpQfgkWbMpE3R9lmvB572F8pE/9pmtEzSIE",
    ),
    (
        Person::BOB,
        "hinge-of-the-door-9",
        "$argon2id$v=19$m=19456,t=2,p=1$VGEu+CJngxQLVZolUZ4Wag$vMvToVh1JzIa/YVUlgTYdz2Bx8FCwK2Bd5nv4Awo4NY",
    ),
];

async fn statuses_with_demo_hashes(server: &TestServer) -> Vec<u16> {
    let mut statuses = Vec::new();
    for (person, password, hash) in DEMO_HASHES {
        server.set_password_hash(person, hash).await;
        let mut browser = Browser::new(server);
        statuses.push(
            attempt(&mut browser, person.username, password)
                .await
                .status
                .as_u16(),
        );
    }
    statuses
}

#[tokio::test]
async fn a_password_of_dev_logs_no_user_in_whatever_way_its_hash_came() {
    assert_eq!(
        statuses_with_demo_hashes(&TestServer::start().await).await,
        [422, 422]
    );
    let development = TestServer::builder().issuer("http://localhost:9000");
    let development = development.config(|config| config.development = true);
    assert_eq!(
        statuses_with_demo_hashes(&development.start().await).await,
        [303, 303],
        "the hashes are right"
    );
}

#[tokio::test]
async fn b1_cookies_of_others_on_the_host_do_not_disturb_a_login() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    for (name, value) in [
        ("a_city", "M\u{fc}nchen"),
        ("zip", "\u{1f600}"),
        ("\u{fc}", "x"),
        ("__Host", "\"a, b\" c"),
        ("theme", ""),
        ("zz", "="),
    ] {
        browser.plant(name, value);
    }
    let large = "y".repeat(8000);
    browser.plant("large", &large);
    log_in(&mut browser, Person::ALICE).await;
    let url = server.url("/account");
    let page = browser.open(&url).await;
    assert_eq!((page.status(), page.path()), (200, "/account"));
    let mut browser = Browser::new(&server);
    browser.plant("city", "M\u{fc}nchen");
    code_for(&mut browser, &Authorization::of(SPA), Person::ALICE).await;
}
