//! `/account/activity`: a user reads the events of their own account.

use cardea_protocol::model::{Actor, Cause};
use cardea_store::{UserChange, UserUpdate};
use cardea_testkit::{Browser, Page, Person, TestServer, flows::log_in};

async fn activity(browser: &mut Browser<'_>, query: &str) -> Page {
    let url = browser.server().url(&format!("/account/activity{query}"));
    let page = browser.open(&url).await;
    assert_eq!((page.status(), page.path()), (200, "/account/activity"));
    page
}

/// Changes the profile so often, by this actor.
async fn change(server: &TestServer, person: Person, times: usize, cause: impl Fn() -> Cause) {
    for _ in 0..times {
        let command = UserChange {
            subject: server.subject(person).await,
            update: UserUpdate {
                roles: Some(vec!["user".to_owned()]),
                ..UserUpdate::default()
            },
            cause: cause(),
        };
        server.store.change_user(command).await.unwrap();
    }
}

#[tokio::test]
async fn a_stranger_is_led_to_the_login_and_back() {
    let server = TestServer::start().await;
    let answer = server.get("/account/activity").send().await;
    let login = server.url("/login?return_to=activity");
    assert_eq!(answer.location(), login);
}

#[tokio::test]
async fn a_user_reads_what_happened_in_words() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server).at([203, 0, 113, 7]);
    log_in(&mut browser, Person::ALICE).await;
    let page = activity(&mut browser, "").await;
    let text = page.text();
    assert!(text.contains("Signed in") && text.contains("Account created"));
    assert!(text.contains("203.0.113.7"), "{text}");
    assert!(!text.contains("?before="), "all fits on one page");

    let mut browser = Browser::new(&server).reading("de");
    log_in(&mut browser, Person::BOB).await;
    let text = activity(&mut browser, "").await.text().to_owned();
    assert!(text.contains("Angemeldet") && text.contains("Konto angelegt"));
}

#[tokio::test]
async fn a_cursor_never_leads_to_the_events_of_another_user() {
    let server = TestServer::start().await;
    let mut bob = Browser::new(&server).at([203, 0, 113, 9]);
    log_in(&mut bob, Person::BOB).await;
    let mut alice = Browser::new(&server).at([203, 0, 113, 7]);
    log_in(&mut alice, Person::ALICE).await;
    let newest = activity(&mut alice, "").await;
    let count = |page: &Page| page.text().matches("<time ").count();
    for query in [
        "?before=9223372036854775807",
        "?before=1000",
        "?before=-1",
        "?before=x",
        "?before=99999999999999999999",
        "?before=1%27%20OR%201=1--",
        "?subject=bob&before=",
        "?before=2&before=9999",
    ] {
        let page = activity(&mut alice, query).await;
        assert!(!page.text().contains("203.0.113.9"), "{query}");
        assert!(count(&page) <= count(&newest), "{query}");
    }
    assert_eq!(
        count(&activity(&mut alice, "?before=x").await),
        count(&newest)
    );
    assert_eq!(count(&activity(&mut alice, "?before=-1").await), 0);
}

#[tokio::test]
async fn many_events_are_paged_and_none_is_shown_twice() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    change(&server, Person::ALICE, 70, || server.cause()).await;
    let (mut query, mut shown) = (String::new(), Vec::new());
    for _ in 0..5 {
        let page = activity(&mut browser, &query).await;
        let text = page.text();
        shown.push(text.matches("<time ").count());
        assert_eq!(text.contains("Newest events"), !query.is_empty());
        let Some((_, rest)) = text.split_once("/account/activity?before=") else {
            break;
        };
        let (id, _) = rest.split_once('"').unwrap();
        query = format!("?before={id}");
    }
    // The user was added, logged in, and was changed 70 times.
    assert_eq!(shown, [30, 30, 12]);
}

#[tokio::test]
async fn neither_a_hostile_header_nor_the_address_of_an_administrator_is_shown() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let alice = server.subject(Person::ALICE).await;
    let hostile = |actor: Actor, address: [u8; 4]| Cause {
        actor,
        address: Some(address.into()),
        user_agent: Some("<script>alert(1)</script>".to_owned()),
        ..server.cause()
    };
    let operator = Actor::Operator("root-of-evil".to_owned());
    let other = Actor::Person(server.subject(Person::BOB).await);
    for (actor, address) in [
        (operator, [198, 51, 100, 1]),
        (other, [198, 51, 100, 2]),
        (Actor::System, [198, 51, 100, 3]),
        (Actor::Person(alice), [192, 0, 2, 4]),
    ] {
        change(&server, Person::ALICE, 1, || {
            hostile(actor.clone(), address)
        })
        .await;
    }
    let page = activity(&mut browser, "").await;
    let text = page.text();
    assert!(text.contains("by an administrator") && text.contains("192.0.2.4"));
    assert!(text.contains("An unknown browser"));
    for hidden in ["198.51.100", "root-of-evil", "<script>alert", "alert(1)"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
}
