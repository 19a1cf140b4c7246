//! Times of failed logins, of sign-ups and of forgotten passwords do not show who exists. A measurement: `cargo test -p cardea-server
//! --test it enumeration -- --ignored --nocapture` on a machine without other work.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use cardea_server::config::{SeedUser, SignUpMode};
use cardea_testkit::{Browser, TestServer};
use cardea_web::config::SecretText;

/// Of different formats and costs; no password here is any of theirs.
const HASHES: [&str; 5] = [
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "$2y$08$abcdefghijklmnopqrstuudfNIvw48scLfKx9atZPHZFom49BeILy",
    "pbkdf2_sha256$100000$seasalt22$IpJsxNDv8j6Dnxh6StzBbMwlen+yknrENGe3jaKLGIc=",
    "$6$rounds=20000$passlibsalt$dGpQ1yJWGaPLJYIdXMYtQfS.XKOop7YHRkOiiotpl.FLE.9yTMoxrTqcVKI.Sc1jYBdY/DX.d9xdVIWY5tbBW0",
    "$scrypt$ln=13,r=8,p=1$cGFzc2xpYnNhbHRwYXNzbA$3keSvI621Sgqz2sBUde15VagJcNl5/xtjCkAL3SAArM",
];

const TRIES: usize = 500;
const USERS: usize = 50;

/// How often a time of one side is longer than one of the other: 0.5 when they can't be told apart.
fn auc(one: &[Duration], other: &[Duration]) -> f64 {
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
    let wins: f64 = pairs
        .map(|(a, b)| match a.cmp(b) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    wins / (one.len() * other.len()) as f64
}

#[tokio::test]
#[ignore = "a measurement of times"]
async fn the_time_of_a_failed_login_does_not_show_who_exists() {
    let users = (0..USERS).map(|n| SeedUser {
        username: format!("user{n}"),
        password_hash: Some(SecretText::new(HASHES[n % HASHES.len()].to_owned())),
        ..SeedUser::default()
    });
    let server = TestServer::builder()
        .config(|config| config.users = users.collect())
        .start()
        .await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.url("/login")).await;
    let mut times = [Vec::new(), Vec::new()];
    for n in 0..TRIES {
        let names = [format!("user{}", n % USERS), format!("none{n}")];
        for (side, name) in names.iter().enumerate() {
            let fill = [("username", name.as_str()), ("password", "a-guess")];
            let began = Instant::now();
            let answer = browser.submit_once(&page, page.form(), &fill).await;
            times[side].push(began.elapsed());
            assert_eq!(answer.status, 422);
        }
    }
    let [users, unknown] = &times;
    let auc = auc(users, unknown);
    println!("AUC over {TRIES} tries a side: {auc:.3}");
    assert!((0.46..=0.54).contains(&auc), "{auc}");
}

#[tokio::test]
#[ignore = "a measurement of times"]
async fn the_time_of_a_sign_up_does_not_show_who_exists() {
    let users = (0..USERS).map(|n| SeedUser {
        username: format!("user{n}"),
        email: Some(format!("user{n}@example.test")),
        email_verified: true,
        ..SeedUser::default()
    });
    let server = TestServer::builder()
        .config(|config| {
            config.users = users.collect();
            config.mail.url = Some(SecretText::new("smtp://127.0.0.1:1".to_owned()));
            config.mail.from = Some("no-reply@example.test".to_owned());
            config.sign_up.mode = SignUpMode::Open;
        })
        .start()
        .await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.url("/sign_up")).await;
    let mut times = [Vec::new(), Vec::new()];
    for n in 0..TRIES {
        let names = [format!("user{}", n % USERS), format!("none{n}")];
        for (side, name) in names.iter().enumerate() {
            let email = format!("{name}@example.test");
            let fill = [
                ("username", name.as_str()),
                ("email", email.as_str()),
                ("password", "seven-otters-in-a-canoe"),
            ];
            let began = Instant::now();
            let answer = browser.submit_once(&page, page.form(), &fill).await;
            times[side].push(began.elapsed());
            assert_eq!(answer.status, 200);
        }
    }
    let [users, unknown] = &times;
    let auc = auc(users, unknown);
    println!("AUC of sign-up over {TRIES} tries a side: {auc:.3}");
    assert!((0.46..=0.54).contains(&auc), "{auc}");
}

#[tokio::test]
#[ignore = "a measurement of times"]
async fn the_time_of_a_forgotten_password_does_not_show_who_exists() {
    let users = (0..USERS).map(|n| SeedUser {
        username: format!("user{n}"),
        email: Some(format!("user{n}@example.test")),
        email_verified: true,
        password_hash: Some(SecretText::new(HASHES[n % HASHES.len()].to_owned())),
        ..SeedUser::default()
    });
    let server = TestServer::builder()
        .config(|config| {
            config.users = users.collect();
            config.mail.url = Some(SecretText::new("smtp://127.0.0.1:1".to_owned()));
            config.mail.from = Some("no-reply@example.test".to_owned());
        })
        .start()
        .await;
    let mut browser = Browser::new(&server);
    let page = browser.open(&server.url("/password_reset")).await;
    let mut times = [Vec::new(), Vec::new()];
    let mut answers = HashSet::new();
    for n in 0..TRIES {
        let names = [format!("user{}", n % USERS), format!("none{n}")];
        for (side, name) in names.iter().enumerate() {
            // By name and by address.
            let name = match n % 2 {
                0 => name.clone(),
                _ => format!("{name}@example.test"),
            };
            let fill = [("username", name.as_str())];
            let began = Instant::now();
            let answer = browser.submit_once(&page, page.form(), &fill).await;
            times[side].push(began.elapsed());
            assert_eq!(answer.status, 200);
            answers.insert(answer.text().to_owned());
        }
    }
    assert_eq!(answers.len(), 1, "the same bytes");
    let [users, unknown] = &times;
    let auc = auc(users, unknown);
    println!("AUC of a forgotten password over {TRIES} tries a side: {auc:.3}");
    assert!((0.46..=0.54).contains(&auc), "{auc}");
}
