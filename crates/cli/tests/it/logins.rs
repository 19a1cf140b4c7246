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
    assert!(again.contains("no living grant"), "{again}");
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
