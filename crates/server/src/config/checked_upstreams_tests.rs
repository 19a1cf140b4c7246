use std::io::Write as _;

use cardea_web::config::parse;
use tempfile::NamedTempFile;

use super::*;
use crate::config::Places;

fn problems(upstreams: &str) -> Vec<String> {
    let text = format!("issuer = \"https://id.example.test\"\n{upstreams}");
    let mut config: Config = parse("cardea.toml", &text, std::iter::empty()).unwrap();
    config.places = Places::of("cardea.toml", &text);
    let found = config.checked_upstreams().err().unwrap_or_default();
    let located = found.into_iter().map(|p| config.places.locate(p));
    located.map(|p| p.to_string()).collect()
}

fn secret() -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(b"a-secret\n").unwrap();
    file
}

#[test]
fn the_presets_of_the_issue_are_accepted() {
    let file = secret();
    let path = file.path().display();
    let text = format!(
        r#"
[[upstreams]]
id = "company"
issuer = "https://login.example.com"
client_id = "cardea"
client_secret_file = "{path}"
domains = ["example.com"]
trusted_domains = ["Example.com"]
[upstreams.claims]
"org.unit" = "department"
groups = {{ roles = {{ ops = "operator" }} }}

[[upstreams]]
id = "google"
preset = "google"
client_id = "cardea"
client_secret_file = "{path}"

[[upstreams]]
id = "github"
preset = "github"
client_id = "cardea"
client_secret_file = "{path}"

[[upstreams]]
id = "apple"
preset = "apple"
client_id = "com.example.cardea"
client_secret_file = "{path}"

[[upstreams]]
id = "one-tenant"
preset = "entra"
issuer = "https://login.microsoftonline.com/0f0e0d0c-0000-4000-8000-000000000001/v2.0"
client_id = "cardea"
client_secret_file = "{path}"

[[upstreams]]
id = "tenants"
preset = "entra"
issuer = "https://login.microsoftonline.com/organizations/v2.0"
allowed_tenants = ["0f0e0d0c-0000-4000-8000-000000000001"]
client_id = "cardea"
client_secret_file = "{path}"
"#
    );
    assert_eq!(problems(&text), [""; 0]);
    let config: Config = parse("cardea.toml", &text, std::iter::empty()).unwrap();
    let config = Config {
        issuer: "https://id.example.test".to_owned(),
        ..config
    };
    let all = config.checked_upstreams().unwrap();
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let expected = [
        "company",
        "Google",
        "GitHub",
        "Apple",
        "Microsoft",
        "Microsoft",
    ];
    assert_eq!(names, expected);
    assert!(
        all.iter()
            .all(|one| one.policy.just_in_time && !one.trust_mfa)
    );
}

#[test]
fn what_is_wrong_with_an_upstream_is_said_with_its_line() {
    for (text, expected) in [
        (
            "[[upstreams]]\nid = \"A b\"\nissuer = \"https://a.example\"\nclient_id = \"c\"",
            "upstreams \"A b\" (cardea.toml:3): id: ",
        ),
        (
            "[[upstreams]]\nid = \"a\"\nissuer = \"nonsense\"\nclient_id = \"c\"",
            "upstreams \"a\" (cardea.toml:4): issuer: it must be a URL",
        ),
        (
            "[[upstreams]]\nid = \"a\"\nissuer = \"https://a.example\"",
            "upstreams \"a\" (cardea.toml:3): client_id: it is missing",
        ),
        (
            "[[upstreams]]\nid = \"a\"\nissuer = \"https://a.example\"\nclient_id = \"c\"\nclient_secret_file = \"/does/not/exist\"",
            "upstreams \"a\" (cardea.toml:6): client_secret_file: ",
        ),
        (
            "[[upstreams]]\nid = \"a\"\npreset = \"google\"\nclient_id = \"c\"",
            "client_secret_file: this provider wants a secret",
        ),
        (
            "[[upstreams]]\nid = \"a\"\nissuer = \"https://a.example\"\nclient_id = \"c\"\ntrusted_domains = [\"*\"]",
            "upstreams \"a\" (cardea.toml:6): trusted_domains: \"*\": not a domain",
        ),
        (
            "[[upstreams]]\nid = \"a\"\nissuer = \"https://a.example\"\nclient_id = \"c\"\n[upstreams.claims]\nx = \"sub\"",
            "claims: x: \"sub\" can't be set by an upstream",
        ),
        (
            "[[upstreams]]\nid = \"a\"\npreset = \"entra\"\nissuer = \"https://login.microsoftonline.com/common/v2.0\"\nclient_id = \"c\"",
            "allowed_tenants: this issuer serves all tenants",
        ),
        (
            "[[upstreams]]\nid = \"a\"\nissuer = \"https://a.example\"\nclient_id = \"c\"\n[[upstreams]]\nid = \"a\"\nissuer = \"https://b.example\"\nclient_id = \"c\"",
            "upstreams \"a\" (cardea.toml:7): id: there is another upstream",
        ),
        (
            "[[upstreams]]\nid = \"a\"\nissuer = \"https://a.example\"\nclient_id = \"c\"\ndomains = [\"x.example\"]\n[[upstreams]]\nid = \"b\"\nissuer = \"https://b.example\"\nclient_id = \"c\"\ndomains = [\"X.example\"]",
            "upstreams \"b\" (cardea.toml:11): domains: x.example leads to the upstream a already",
        ),
        (
            "[[upstreams]]\nid = \"a\"\nissuer = \"https://a.example\"\nclient_id = \"c\"\nscopes = [\"profile\"]",
            "scopes: openid is missing",
        ),
    ] {
        let found = problems(text);
        assert!(
            found.iter().any(|problem| problem.contains(expected)),
            "{text}\n{found:?}"
        );
    }
}
