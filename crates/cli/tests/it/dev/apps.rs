use cardea_testkit::{block_until, free_port};

use super::{browser::Browser, running::Dev};

fn behind_a_gateway() -> Dev {
    Dev::start_behind(free_port())
}

#[test]
fn a_person_logs_in_to_the_page_orders_and_logs_out() {
    for (dev, api) in [(Dev::start(&[]), "api"), (behind_a_gateway(), "bff/api")] {
        let spa = dev.address("Single-page app");
        let browser = Browser::new(&dev);
        let at = |path: &str| format!("{spa}{path}");
        assert!(browser.open(&spa).text.contains("DEVELOPMENT"));
        assert_eq!(browser.call(&at("bff/user"), None).status, 401);
        let page = browser.log_in(&at("bff/login"));
        assert_eq!(
            (page.status, page.url.as_str()),
            (200, spa.as_str()),
            "{}",
            page.text
        );
        let user = browser.call(&at("bff/user"), None);
        assert!(user.text.contains("Alice A"), "{}", user.text);

        let orders = at(&format!("{api}/orders"));
        let order = r#"{"item": "Brass hinge", "quantity": 2}"#;
        let placed = browser.call(&orders, Some(order));
        assert_eq!(placed.status, 201, "{}", placed.text);
        let list = browser.call(&orders, None);
        assert!(list.text.contains("Brass hinge"), "{}", list.text);
        // A stranger's page can't send the header.
        let forged = dev.shell(&format!(
            "curl -sS -i {} {orders} -d '{order}'",
            dev.trust()
        ));
        assert!(forged.contains(" 401"), "{forged}");

        let farewell = browser.call(&at("bff/logout"), Some("{}"));
        let farewell: serde_json::Value = serde_json::from_str(&farewell.text).unwrap();
        let page = browser.open(farewell["redirect"].as_str().unwrap());
        assert_eq!(
            (page.status, page.url.as_str()),
            (200, spa.as_str()),
            "{}",
            page.text
        );
        assert_eq!(browser.call(&orders, None).status, 401);
    }
}

#[test]
fn who_logs_out_of_one_app_is_logged_out_of_the_other() {
    for dev in [Dev::start(&[]), behind_a_gateway()] {
        let (spa, webapp) = (dev.address("Single-page app"), dev.address("Webapp"));
        let browser = Browser::new(&dev);
        let user = format!("{spa}bff/user");
        browser.log_in(&format!("{spa}bff/login"));
        assert_eq!(browser.call(&user, None).status, 200);
        // Who asks for a page is sent to the login, and comes back to it; here without a password, by the provider's session.
        let page = browser.log_in(&format!(
            "{webapp}calculator?left=6&operation=multiply&right=7"
        ));
        assert!(page.text.contains("= 42"), "{}", page.text);
        assert!(page.text.contains("DEVELOPMENT"));
        let page = browser.open(&webapp);
        assert!(page.text.contains("Hello, Alice A"), "{}", page.text);
        assert!(
            page.text.contains("<dd>user</dd>"),
            "the roles: {}",
            page.text
        );

        let page = browser.submit(&page, &[]);
        assert_eq!(
            (page.status, page.url.as_str()),
            (200, webapp.as_str()),
            "{}",
            page.text
        );
        assert!(page.text.contains("Sign in"));
        // The provider tells the other app, over the back channel.
        let logged_out = || browser.call(&user, None).status == 401;
        block_until("the other app logs out", logged_out);
    }
}

#[test]
fn no_part_answers_to_a_name_that_only_resolves_to_this_machine() {
    let dev = Dev::start(&[]);
    for name in ["Provider", "Orders API", "Single-page app", "Webapp"] {
        let address = dev.address(name);
        let answer = dev.shell(&format!(
            "curl -s -i -H 'Host: rebound.example:80' {address}"
        ));
        assert!(answer.starts_with("HTTP/1.1 421"), "{address}: {answer}");
        let local = address.replace("localhost", "127.0.0.1");
        let answer = dev.shell(&format!("curl -s -i {local}"));
        assert!(!answer.starts_with("HTTP/1.1 421"), "{local}: {answer}");
    }
}

#[test]
fn the_page_for_developers_is_there_for_this_machine_and_not_through_a_proxy() {
    let dev = Dev::start(&[]);
    let debug = format!("{}debug", dev.address("Webapp"));
    let answer = dev.shell(&format!("curl -s -i {debug}"));
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = dev.shell(&format!(
        "curl -s -i -H 'X-Forwarded-For: 203.0.113.7' {debug}"
    ));
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    let dev = behind_a_gateway();
    let debug = format!("{}debug", dev.address("Webapp"));
    let answer = dev.shell(&format!("curl -s -i {} {debug}", dev.trust()));
    assert!(answer.starts_with("HTTP/2 404"), "{answer}");
}
