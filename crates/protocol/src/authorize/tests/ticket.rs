//! A checked request in a ticket, and as the parameters that are checked again when a ticket may be old.

use proptest::{
    option,
    prelude::*,
    sample::{select, subsequence},
};

use super::*;

#[test]
fn a_checked_request_travels_in_the_ticket_unchanged() {
    let request = asked()
        .with("prompt", "none")
        .with("max_age", "0")
        .accepted();
    let json = serde_json::to_string(&request).unwrap();
    assert_eq!(
        serde_json::from_str::<AuthorizationRequest>(&json).unwrap(),
        request
    );
}

/// The ticket is in the URL, whose length browsers and proxies bound.
#[test]
fn a_ticket_has_only_what_was_sent() {
    let written = |mode: &str| {
        let plain = asked()
            .with("scope", "openid")
            .with("response_mode", mode)
            .without("state")
            .without("nonce");
        serde_json::to_value(plain.accepted()).unwrap()
    };
    let mut expected = serde_json::json!({
        "a": {"c": "app", "s": "openid"},
        "r": {"u": REDIRECT_URI, "g": true, "k": CHALLENGE},
    });
    assert_eq!(written(""), expected);
    assert_eq!(written("query"), expected);
    expected["r"]["m"] = "form_post".into();
    assert_eq!(written("form_post"), expected);
}

impl Asked {
    /// A request of the same client with the parameters of a checked one.
    pub(super) fn again(&self, request: &AuthorizationRequest) -> Asked {
        Asked {
            pairs: request.params(),
            client: self.client.clone(),
            ..asked()
        }
    }
}

/// A request that is accepted: its parameters, the prompts apart, and whether the client is confidential.
#[derive(Debug)]
struct Case {
    pairs: Vec<(String, String)>,
    prompts: Vec<&'static str>,
    confidential: bool,
}

impl Case {
    fn asked(&self) -> Asked {
        let mut asked = Asked {
            pairs: self.pairs.clone(),
            ..asked()
        };
        if self.confidential {
            asked = asked.of(|m| {
                confidential(m);
                m.require_pkce = Some(false);
                m.default_max_age = Some(86_400);
            });
        }
        match self.prompts.is_empty() {
            true => asked,
            false => asked.with("prompt", &self.prompts.join(" ")),
        }
    }
}

type Pair = (String, String);

/// A parameter that may be left out.
fn sent<T: ToString>(
    name: &'static str,
    value: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<Option<Pair>> {
    let pair = value.prop_map(move |value| (name.to_owned(), value.to_string()));
    option::of(pair).boxed()
}

fn any_case() -> impl Strategy<Value = Case> {
    const CLAIMS: &[&str] = &[
        "{}",
        r#"{"userinfo":{"email":null,"name":{"essential":true},"phone_number":null}}"#,
        r#"{"id_token":{"sub":{"value":"alice"},"acr":{"values":["urn:a","urn:b"]}}}"#,
        r#"{"id_token":{"email":{"value":"é\n","values":[]},"name":{}},"userinfo":null,"x":1}"#,
    ];
    let optional = vec![
        sent("response_mode", select(&["query", "form_post"])),
        sent("state", "\\PC{1,60}"),
        sent("nonce", "\\PC{1,60}"),
        sent("max_age", 0..=9_999_999_999_u64),
        sent("login_hint", "\\PC{1,60}"),
        sent("claims", select(CLAIMS)),
        sent("acr_values", "[a-z:]{1,9}( [a-z:]{1,9}){0,3}"),
        sent("ui_locales", select(&["nl de-AT", "fr", "nl"])),
        sent("resource", Just("api://orders")),
        sent("unknown", Just("dropped")),
    ];
    let scopes = subsequence(&["email", "offline_access", "unknown"], 0..=3);
    let pages = subsequence(&["login", "consent", "select_account"], 0..=3).prop_shuffle();
    let prompts = prop_oneof![1 => Just(vec!["none"]), 4 => pages];
    let flags = any::<[bool; 4]>();
    (optional, scopes, prompts, flags).prop_map(|(optional, mut scopes, prompts, flags)| {
        let [confidential, openid, named, proved] = flags;
        scopes.push("orders:read");
        if openid {
            scopes.push("openid");
        }
        let scope = scopes.join(" ");
        let mut required = vec![
            ("client_id", "app"),
            ("response_type", "code"),
            ("scope", &scope),
        ];
        // OpenID Core §3.1.2.1
        if openid || named {
            required.push(("redirect_uri", REDIRECT_URI));
        }
        // RFC 9700 §2.1.1
        if proved || !confidential {
            required.push(("code_challenge", CHALLENGE));
            required.push(("code_challenge_method", "S256"));
        }
        let mut pairs = samples::pairs(&required);
        pairs.extend(optional.into_iter().flatten());
        Case {
            pairs,
            prompts,
            confidential,
        }
    })
}

proptest! {
    /// What is kept of a request is all that its checks depend on: a second run finds the same.
    #[test]
    fn a_checked_request_as_parameters_is_accepted_again_unchanged(case in any_case()) {
        let asked = case.asked();
        let request = asked.accepted();
        let again = asked.again(&request).accepted();
        prop_assert_eq!(&again.access, &request.access);
        prop_assert_eq!(&again.return_path, &request.return_path);
        prop_assert_eq!(again.language, request.language);
        // They are a set.
        for prompt in [Prompt::None, Prompt::Login, Prompt::Consent, Prompt::SelectAccount] {
            prop_assert_eq!(again.prompt.has(prompt), request.prompt.has(prompt));
        }
    }
}

#[test]
fn the_user_of_a_hint_is_not_among_the_parameters() {
    let hinting = asked().hinting_at("alice");
    let request = hinting.accepted();
    assert!(!format!("{:?}", request.params()).contains("alice"));
    assert_eq!(hinting.again(&request).accepted().access.subject, None);
}

#[test]
fn a_default_max_age_of_any_length_is_accepted_again() {
    let mut asked = asked();
    let forever = samples::client(|metadata| metadata.default_max_age = Some(u64::MAX));
    asked.client = Some(forever);
    let request = asked.accepted();
    assert_eq!(request.access.max_age, Some(9_999_999_999));
    assert_eq!(asked.again(&request).accepted(), request);
}

/// OpenID Core §5.5: the bound of 2 KiB holds for what the client sent. It is not longer when it is checked again.
#[test]
fn claims_up_to_their_bound_are_accepted_again() {
    let fill = |shape: &str| {
        let rest = 2048 - shape.len() + "VALUE".len();
        shape.replace("VALUE", &"v".repeat(rest))
    };
    let many: Vec<_> = (0..31)
        .map(|i| format!(r#""c{i}":{{"value":{i}}}"#))
        .collect();
    let many = format!(
        r#"{{"userinfo":{{"x":{{"value":"VALUE"}},{}}}}}"#,
        many.join(",")
    );
    for shape in [
        r#"{"id_token":{"x":{"value":"VALUE"}}}"#,
        r#"{"id_token":{"x":{"essential":true,"value":"VALUE"},"y":{}}}"#,
        r#"{"userinfo":{"x":{"values":["VALUE"]},"y":null}}"#,
        r#"{"userinfo":{"x":{"value":"VALUE","values":["a","b"]}}}"#,
        &many,
    ] {
        let claims = fill(shape);
        assert_eq!(claims.len(), 2048);
        let asked = asked().with("claims", &claims);
        let request = asked.accepted();
        assert_eq!(asked.again(&request).accepted(), request, "{shape}");
    }
}
