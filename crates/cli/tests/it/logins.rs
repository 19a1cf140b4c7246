use serde_json::Value;

use crate::{
    bench::{Bench, Said},
    provider::{Browser, Provider},
};

/// A provider with somebody logged in, and the grant of one application.
struct Stage {
    bench: Bench,
    provider: Provider,
    browser: Browser,
    refresh_token: String,
}

impl Stage {
    fn new() -> Self {
        let bench = Bench::empty();
        let provider = Provider::start(bench.path());
        let browser = Browser::log_in(&provider);
        let refresh_token = provider.redeem(&browser.code(&provider)).unwrap();
        Self {
            bench,
            provider,
            browser,
            refresh_token,
        }
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.bench.run(arguments)
    }

    fn items(&self, arguments: &[&str]) -> Vec<Value> {
        let list = self.run(&[arguments, &["--json"]].concat()).fine().json();
        list["items"].as_array().unwrap().clone()
    }

    fn is_logged_in(&self) -> bool {
        crate::provider::code(&self.provider.address(), &self.browser).is_ok()
    }
}

#[test]
fn a_grant_is_listed_and_revoked_and_its_refresh_token_is_dead() {
    let stage = Stage::new();
    let grants = stage.items(&["grant", "list"]);
    assert_eq!(grants, stage.items(&["grant", "list", "--user", "alice"]));
    let [grant] = grants.as_slice() else {
        panic!("{grants:?}")
    };
    assert_eq!(
        (&grant["username"], &grant["client_id"]),
        (&"alice".into(), &"app".into())
    );
    assert_eq!(grant["refresh"]["rotations"], 0);
    let next = stage.provider.refresh(&stage.refresh_token).unwrap();
    let id = grant["id"].as_str().unwrap();
    assert_eq!(
        stage.items(&["grant", "list"])[0]["refresh"]["rotations"],
        1
    );

    stage.run(&["grant", "revoke", id]).fine();
    assert!(stage.provider.refresh(&next).is_err());
    assert_eq!(stage.items(&["grant", "list"]), [Value::Null; 0]);
    let again = stage.run(&["grant", "revoke", id]).complaint();
    assert!(again.contains("no active grant"), "{again}");
}

#[test]
fn a_session_is_listed_and_ended_and_its_browser_must_log_in_again() {
    let stage = Stage::new();
    assert!(stage.is_logged_in());
    let sessions = stage.items(&["session", "list"]);
    assert_eq!(
        sessions,
        stage.items(&["session", "list", "--user", "alice"])
    );
    assert_eq!(sessions[0]["username"], "alice");
    assert_eq!(sessions[0]["address"], "127.0.0.1");
    stage
        .run(&["session", "end", sessions[0]["sid"].as_str().unwrap()])
        .fine();
    assert!(!stage.is_logged_in());
    assert_eq!(stage.items(&["session", "list"]), [Value::Null; 0]);
    let none = stage.run(&["session", "end", "--user", "alice"]).fine().out;
    assert_eq!(none, "Ended 0 session(s) of alice.\n");
}

#[test]
fn a_person_who_is_disabled_is_logged_out_everywhere() {
    let stage = Stage::new();
    stage.run(&["user", "disable", "alice"]).fine();
    assert!(!stage.is_logged_in());
    assert!(stage.provider.refresh(&stage.refresh_token).is_err());
}

#[test]
fn n4_the_audit_shows_who_did_what_and_from_where() {
    let stage = Stage::new();
    let logins = stage.items(&["audit", "--event", "login"]);
    assert_eq!(logins.len(), 1, "{logins:?}");
    assert_eq!(logins[0]["username"], "alice");
    assert_eq!(logins[0]["address"], "127.0.0.1");
    let of_alice = stage.items(&["audit", "--user", "alice"]);
    assert!(of_alice.contains(&logins[0]), "{of_alice:?}");
    let of_app = stage.items(&["audit", "--client", "app", "--since", "1h"]);
    assert!(of_app.iter().all(|row| row["client_id"] == "app") && !of_app.is_empty());
    assert_eq!(
        stage.items(&["audit", "--since", "2100-01-01"]),
        [Value::Null; 0]
    );
    assert_eq!(
        stage.items(&["audit", "--user", "alice", "--event", "key_removed"]),
        [Value::Null; 0]
    );
    let wrong = stage.run(&["audit", "--event", "logn"]).complaint();
    assert!(wrong.contains("login_failed"), "{wrong}");
    let wrong = stage.run(&["audit", "--user", "nobody"]).complaint();
    assert!(wrong.contains("no user nobody"), "{wrong}");
    let table = stage.run(&["audit", "--limit", "3"]).fine().out;
    assert!(table.starts_with("TIME"), "{table}");
    // A removed user is found by the subject.
    let subject = logins[0]["subject"].as_str().unwrap();
    stage.run(&["user", "remove", "alice", "--yes"]).fine();
    let rows = stage.items(&["audit", "--user", subject]);
    assert_eq!(rows[0]["event"], "user_removed");
}

#[test]
fn n4_new_rows_of_the_audit_are_followed() {
    use std::{
        io::{BufRead as _, BufReader},
        process::Stdio,
    };
    let stage = Stage::new();
    let arguments = ["audit", "--follow", "--json", "--since", "1h"];
    let mut child = stage.bench.spawn(&arguments, Stdio::null());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut until = |event: &str| {
        for line in &mut lines {
            let row: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if row["event"] == event {
                return row["id"].as_i64().unwrap();
            }
        }
        panic!("no {event}")
    };
    let login = until("login");
    stage.run(&["user", "disable", "alice"]).fine();
    let disabled = until("user_disabled");
    stage.run(&["user", "enable", "alice"]).fine();
    assert!(login < disabled && disabled < until("user_enabled"));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn n13_a_session_is_listed_with_the_device_in_words() {
    let stage = Stage::new();
    let table = stage.run(&["session", "list"]).fine().out;
    assert!(
        table.contains("DEVICE") && !table.contains("Mozilla"),
        "{table}"
    );
}
