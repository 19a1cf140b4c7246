use serde_json::Value;

use crate::bench::Bench;

fn states(keys: &Value) -> Vec<(String, String)> {
    let text = |key: &Value, member: &str| key[member].as_str().unwrap().to_owned();
    let items = keys["items"].as_array().unwrap().iter();
    let mut states: Vec<_> = items
        .map(|k| (text(k, "algorithm"), text(k, "state")))
        .collect();
    states.sort();
    states
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    expected.iter().map(owned).collect()
}

#[test]
fn a_rotation_publishes_the_next_keys_and_a_second_one_waits() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    let list = || states(&bench.run(&["key", "list", "--json"]).fine().json());
    assert_eq!(list(), pairs(&[("ES256", "active"), ("RS256", "active")]));
    let said = bench.run(&["key", "rotate"]).fine().out;
    assert!(said.contains("It signs from 2"), "{said}");
    let both = [
        ("ES256", "active"),
        ("ES256", "next"),
        ("RS256", "active"),
        ("RS256", "next"),
    ];
    assert_eq!(list(), pairs(&both));
    let refused = bench.run(&["key", "rotate"]).complaint();
    assert!(refused.contains("in progress"), "{refused}");
    // n13
    let advice = "cardea key rotate --now";
    assert_eq!(refused.matches(advice).count(), 1, "{refused}");
    assert!(refused.contains("no other key was made"), "{refused}");
    assert_eq!(list(), pairs(&both));
    bench.run(&["key", "rotate", "--now"]).fine();
    let turned = [
        ("ES256", "active"),
        ("ES256", "retired"),
        ("RS256", "active"),
        ("RS256", "retired"),
    ];
    assert_eq!(list(), pairs(&turned));
}

#[test]
fn a_key_that_leaked_is_removed_when_another_signs() {
    let bench = Bench::new("");
    let _serving = bench.serve();
    let keys = bench.run(&["key", "list", "--json"]).fine().json();
    let kid = |key: &Value| key["kid"].as_str().unwrap().to_owned();
    let leaked = kid(&keys["items"][0]);
    let said = bench.run(&["key", "remove", &leaked, "--yes"]).complaint();
    assert!(said.contains("cardea key rotate --now"), "{said}");
    bench.run(&["key", "rotate", "--now"]).fine();
    let unsure = bench.run(&["key", "remove", &leaked]).complaint();
    assert!(unsure.contains("--yes"), "{unsure}");
    let said = bench.run(&["key", "remove", &leaked, "--yes"]).fine().out;
    assert_eq!(said.trim(), format!("Removed the key {leaked}."));
    let keys = bench.run(&["key", "list", "--json"]).fine().json();
    let left: Vec<_> = keys["items"].as_array().unwrap().iter().map(kid).collect();
    assert!(left.len() == 3 && !left.contains(&leaked), "{left:?}");
    let said = bench.run(&["key", "remove", &leaked, "--yes"]).complaint();
    assert!(said.contains("There is no key"), "{said}");
}
