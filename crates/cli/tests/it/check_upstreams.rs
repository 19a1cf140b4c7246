//! `cardea check` asks other providers for their metadata. Here another Cardea is one.

use cardea_testkit::free_port;
use serde_json::Value;

use crate::{bench::Bench, check::findings};

/// The report for an upstream with this issuer.
fn report(issuer: &str, more: &str) -> Value {
    let bench = Bench::new(&format!(
        "[[upstreams]]\nid = \"up\"\nissuer = \"{issuer}\"\nclient_id = \"cardea\"\nclient_secret_file = \"secret\"\n{more}"
    ));
    bench.write("secret", "a-secret-of-an-upstream");
    bench.run(&["check", "--json"]).json()
}

fn of_upstream(report: &Value, level: &str) -> String {
    let found = findings(report, level).into_iter();
    found
        .filter(|text| text.starts_with("upstream up: "))
        .collect()
}

#[test]
fn an_upstream_is_asked_for_its_metadata() {
    let other = Bench::new("");
    let _serving = other.serve();
    let port = other.port;
    let right = report(&format!("http://localhost:{port}"), "logout = true\n");
    assert!(of_upstream(&right, "ok").contains("can be used"), "{right}");
    assert_eq!(right["ok"], true);

    let other_issuer = report(&format!("http://127.0.0.1:{port}"), "");
    let wrong = of_upstream(&other_issuer, "problem");
    let said = format!(
        "its issuer is \"http://localhost:{port}\", but \"http://127.0.0.1:{port}\" is configured"
    );
    assert!(wrong.contains(&said), "{other_issuer}");
    assert_eq!(other_issuer["ok"], false);

    let nothing = report(&format!("http://localhost:{port}/tenant"), "");
    let wrong = of_upstream(&nothing, "problem");
    assert!(
        wrong.contains("there is no OpenID provider at this issuer"),
        "{nothing}"
    );
}

#[test]
fn an_upstream_that_does_not_answer_is_a_warning() {
    let report = report(&format!("http://localhost:{}", free_port()), "");
    let warning = of_upstream(&report, "warning");
    assert!(
        warning.contains("the provider is not available"),
        "{report}"
    );
    assert_eq!(report["ok"], true, "it may answer when it is needed");
}
