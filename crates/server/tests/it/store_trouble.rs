//! A full disk, a locked file, a corrupt row: a clear answer, and nothing acknowledged is lost.

use cardea_testkit::{
    Answer, Browser, Fault, Person, TestServer,
    clients::{SCRIPT, SPA, WEB},
    eventually,
    flows::{Authorization, code_for, introspect, log_in, redeem, refresh, tokens},
};

const BUSY: &str = "We can’t answer right now";

fn busy(answer: &Answer) {
    answer.refused(503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
}

/// Waits until the store has noticed that there is room again; the clock of the store is the machine's.
async fn until_ready(server: &TestServer) {
    let ready = async || server.get("/health/ready").send().await.status == 200;
    eventually("the store is ready again", ready).await;
}

#[tokio::test]
async fn while_the_file_is_locked_nothing_is_changed_and_the_same_request_works_later() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let first = tokens(&mut browser, SPA, (Person::ALICE, "openid")).await;
    let token = first["refresh_token"].as_str().unwrap();
    let code = code_for(&mut browser, &Authorization::of(WEB), Person::ALICE).await;
    server.faults.bring(Fault::Locked);
    busy(&refresh(&server, SPA, token).await);
    busy(&redeem(&server, WEB, &code).await);
    let revocation = server
        .post("/revocation")
        .client(SPA)
        .form(&[("token", token)]);
    busy(&revocation.send().await);
    server.faults.mend();
    redeem(&server, WEB, &code).await.granted();
    let second = refresh(&server, SPA, token).await.granted();
    refresh(&server, SPA, second["refresh_token"].as_str().unwrap())
        .await
        .granted();
}

#[tokio::test]
async fn a_login_that_can_not_be_written_is_a_page_that_says_to_wait() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let login = browser.open(&server.url("/login")).await;
    server.faults.bring(Fault::Locked);
    let fill = [("username", "alice"), ("password", Person::ALICE.password)];
    let page = browser.submit(&login, login.form(), &fill).await;
    page.is_trouble(503, BUSY);
    assert_eq!(page.answer.header("retry-after"), Some("1"));
    assert_eq!(browser.cookie("__Host-cardea_session"), None);
    server.faults.mend();
    log_in(&mut browser, Person::ALICE).await;
}

#[tokio::test]
async fn a_full_disk_stops_only_the_writes_until_there_is_room() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let first = tokens(&mut browser, WEB, (Person::ALICE, "openid")).await;
    server.faults.bring(Fault::Full);
    let token = first["refresh_token"].as_str().unwrap();
    busy(&refresh(&server, WEB, token).await);
    busy(&refresh(&server, WEB, token).await);
    let ready = server.get("/health/ready").send().await;
    assert_eq!(
        (ready.status.as_u16(), ready.header("retry-after")),
        (503, Some("1"))
    );
    assert_eq!(
        ready.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(server.get("/health/live").send().await.status, 200);
    // What only reads goes on.
    let access = first["access_token"].as_str().unwrap();
    assert_eq!(introspect(&server, WEB, access).await["active"], true);
    server
        .get("/userinfo")
        .bearer(access)
        .send()
        .await
        .granted();
    let fields = [
        ("grant_type", "client_credentials"),
        ("scope", "orders:read"),
    ];
    server
        .post("/token")
        .form(&fields)
        .client(SCRIPT)
        .send()
        .await
        .granted();
    assert_eq!(browser.open(&server.url("/account")).await.status(), 200);
    server.faults.mend();
    until_ready(&server).await;
    refresh(&server, WEB, token).await.granted();
}

#[tokio::test]
async fn a_broken_disk_makes_the_process_unready_and_promises_nothing() {
    let server = TestServer::builder().in_file().start().await;
    let mut browser = Browser::new(&server);
    let first = tokens(&mut browser, WEB, (Person::ALICE, "openid")).await;
    server.faults.bring(Fault::Broken);
    let token = first["refresh_token"].as_str().unwrap();
    let answer = refresh(&server, WEB, token).await;
    busy(&answer);
    assert!(
        !answer.text().contains("nothing was changed"),
        "that is unknown"
    );
    server.faults.mend();
    assert_eq!(server.get("/health/ready").send().await.status, 503);
    assert_eq!(server.get("/health/live").send().await.status, 200);
    busy(&refresh(&server, WEB, token).await);
}

#[tokio::test]
async fn a_corrupt_row_is_our_failure_and_tells_nothing_of_itself() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    let tokens = tokens(&mut browser, WEB, (Person::ALICE, "openid")).await;
    server.tamper("UPDATE users SET roles = 'corrupt-roles' WHERE username = 'alice'");
    let page = browser.open(&server.url("/account")).await;
    page.is_trouble(500, "Something went wrong on our side");
    let access = tokens["access_token"].as_str().unwrap();
    let userinfo = server.get("/userinfo").bearer(access).send().await;
    userinfo.refused(500, "server_error");
    for text in [page.text(), userinfo.text()] {
        for internal in ["corrupt", "roles", "users", "table", "SELECT"] {
            assert!(!text.contains(internal), "{internal}");
        }
    }
    let mut other = Browser::new(&server);
    log_in(&mut other, Person::BOB).await;
}
