use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

/// Settings as the provider has them, in small.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The address under which the world knows this server.
    issuer: String,
    #[serde(default)]
    tokens: Tokens,
    /// Secures connections.
    tls: Option<Tls>,
    /// The programs that log people in.
    #[serde(default)]
    clients: Vec<Client>,
    #[serde(default)]
    master_key: Option<SecretText>,
}

/// Life times of tokens.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Tokens {
    /// How long an access token is good.
    access_token_ttl: Duration,
    /// How many there may be.
    limit: u32,
    /// Whether they are sealed.
    sealed: bool,
    format: Format,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            access_token_ttl: Duration::from_secs(900),
            limit: 10,
            sealed: true,
            format: Format::Jwt,
        }
    }
}

#[derive(Debug, PartialEq, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// Signed.
    Jwt,
    /// Looked up.
    Opaque,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Tls {
    /// The chain, in PEM.
    cert_file: String,
    /// The key, in PEM.
    key_file: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Client {
    /// Its name on the wire.
    client_id: String,
    #[serde(default)]
    claims: BTreeMap<String, serde_json::Value>,
}

fn parse_with(text: &str, environment: &[(&str, &str)]) -> Result<Settings, ConfigErrors> {
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    parse("cardea.toml", text, environment)
}

fn failure(text: &str, environment: &[(&str, &str)]) -> String {
    match parse_with(text, environment) {
        Ok(_) => String::from("no error"),
        Err(errors) => errors.to_string(),
    }
}

const ISSUER: &str = "issuer = \"https://id.example.com\"\n";

#[test]
fn a_file_is_read_and_defaults_fill_the_rest() {
    let text = format!(
        "{ISSUER}[tls]\ncert_file = \"c\"\nkey_file = \"k\"\n[[clients]]\nclient_id = \"spa\"\nclaims = {{ any = [1] }}\n"
    );
    let settings = parse_with(&text, &[]).unwrap();
    assert_eq!(settings.issuer, "https://id.example.com");
    assert_eq!(settings.tokens.access_token_ttl, Duration::from_secs(900));
    assert_eq!(settings.clients[0].client_id, "spa");
    assert_eq!(settings.clients[0].claims.len(), 1);
    let tls = settings.tls.unwrap();
    assert_eq!((tls.cert_file.as_str(), tls.key_file.as_str()), ("c", "k"));
}

#[test]
fn the_environment_wins_over_the_file_and_is_typed_by_the_schema() {
    let text = format!("{ISSUER}[tokens]\naccess_token_ttl = \"1m\"\n");
    let settings = parse_with(
        &text,
        &[
            ("CARDEA__TOKENS__ACCESS_TOKEN_TTL", "2m"),
            ("CARDEA__TOKENS__LIMIT", "7"),
            ("CARDEA__TOKENS__SEALED", "false"),
            ("CARDEA__TOKENS__FORMAT", "opaque"),
            ("CARDEA__MASTER_KEY", "0123"),
            ("CARDEA__TLS__CERT_FILE", "c"),
            ("CARDEA__TLS__KEY_FILE", "k"),
            ("CARDEA_OTHER", "not ours"),
        ],
    )
    .unwrap();
    assert_eq!(settings.tokens.access_token_ttl, Duration::from_secs(120));
    assert_eq!(settings.tokens.limit, 7);
    assert!(!settings.tokens.sealed);
    assert_eq!(settings.tokens.format, Format::Opaque);
    assert_eq!(settings.master_key.unwrap().expose(), "0123");
    assert_eq!(settings.tls.unwrap().key_file, "k");
}

#[test]
fn unknown_keys_are_all_named_with_the_nearest_valid_one() {
    let text = format!(
        "{ISSUER}isuer = 1\n[tokens]\nacces_token_ttl = \"1m\"\nfoobar = 2\n[[clients]]\nclient_id = \"a\"\nclaims = {{ free = true }}\nclientid = \"b\"\n"
    );
    insta::assert_snapshot!(failure(&text, &[]));
}

#[test]
fn a_bad_value_is_told_beside_the_unknown_keys() {
    let text = format!("{ISSUER}[tokens]\nlimt = 1\naccess_token_ttl = \"15 minutes\"\n");
    insta::assert_snapshot!(failure(&text, &[]));
}

#[test]
fn c3_every_value_that_cannot_be_read_is_reported() {
    let text = "issuer = 1\n[tokens]\naccess_token_ttl = \"soon\"\nlimit = \"x\"\nsealed = 1\nformat = \"jwx\"\n\
                [tls]\ncert_file = 1\nkey_file = [2]\n[[clients]]\nclient_id = \"a\"\n[[clients]]\nclient_id = 5\n\
                [[clients]]\nclient_id = [\"x\"]\nclaims = 3\n";
    let errors = parse_with(text, &[("CARDEA__TOKENS__LIMIT", "-1")]).err();
    let errors = errors.unwrap().to_string();
    for line in [1, 3, 5, 6, 8, 9, 13, 15, 16] {
        let place = format!("cardea.toml:{line}:");
        assert_eq!(errors.matches(&place).count(), 1, "{place}\n{errors}");
    }
    assert!(errors.contains("CARDEA__TOKENS__LIMIT"), "{errors}");
    assert_eq!(errors.lines().count(), 10, "{errors}");
    let missing = failure(
        &format!("{ISSUER}[tls]\ncert_file = \"c\"\n[[clients]]\n"),
        &[],
    );
    assert_eq!(missing.matches("missing field").count(), 2, "{missing}");
}

#[test]
fn an_error_in_a_variable_names_the_variable_and_not_its_value() {
    let environment = [
        ("CARDEA__TOKENS__ACCESS_TTL", "1m"),
        ("CARDEA__TOKENS__LIMIT", "many-s3cret"),
        ("CARDEA__TOKENS__SEALED", "7"),
        ("CARDEA__TOKENS", "x"),
        ("CARDEA__CLIENTS__0__CLIENT_ID", "x"),
        ("CARDEA__TOKENS__ACCESS_TOKEN_TTL", "soon"),
    ];
    let told = failure(ISSUER, &environment);
    assert!(!told.contains("s3cret"));
    insta::assert_snapshot!(told);
}

#[test]
fn half_a_section_made_by_a_variable_names_that_variable() {
    let told = failure(ISSUER, &[("CARDEA__TLS__CERT_FILE", "c")]);
    assert_eq!(told, "CARDEA__TLS__CERT_FILE: missing field `key_file`");
}

#[test]
fn broken_toml_has_line_and_column() {
    insta::assert_snapshot!(failure("issuer = \"a\"\n[tokens\n", &[]));
}

#[test]
fn a_report_shows_the_line() {
    let text = format!("{ISSUER}[tokens]\n  limt = 1\n  access_token_ttl = \"soon\"\n");
    let errors = parse_with(&text, &[]).err().unwrap();
    insta::assert_snapshot!(errors.report(false));
}

#[test]
fn a_secret_is_not_shown_in_any_error() {
    for text in [
        format!("{ISSUER}master_key = 4711\n"),
        format!("{ISSUER}master_key = \"4711\n"),
        format!("{ISSUER}mater_key = \"4711\" # secret\n"),
    ] {
        let errors = parse_with(&text, &[]).err().unwrap();
        assert!(!errors.to_string().contains("4711"), "{errors}");
        let report = errors.report(false);
        assert!(!report.contains("4711"), "{report}");
    }
}

#[test]
fn a_missing_file_is_an_error_that_names_it() {
    let missing = Path::new("/nonexistent/cardea.toml");
    let error = load::<Settings>(missing, std::iter::empty()).err().unwrap();
    assert!(
        error
            .to_string()
            .starts_with("/nonexistent/cardea.toml: the file cannot be read")
    );
}

#[test]
fn the_reference_page_lists_every_key() {
    insta::assert_snapshot!(reference_markdown::<Settings>());
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_reported(text in "[a-z\\[\\]{}=\"'\n #.,0-9é]{0,60}") {
        if let Err(errors) = parse_with(&text, &[("CARDEA__TOKENS__LIMIT", &text)]) {
            assert!(!errors.errors().is_empty());
            assert!(!errors.report(false).is_empty());
        }
    }
}
