//! What is wrong is said at the start, in words.

use cardea_resource::{Api, ApiConfig, CorsConfig, IntrospectionConfig, Tokens};

use serde_json::json;

use crate::{
    issuer::Issuer,
    world::{API, World},
};

#[test]
fn n9_the_debug_of_a_wrong_configuration_is_its_sentence() {
    let issuer = "https://id.example.com";
    for config in [
        ApiConfig::new(issuer, ""),
        ApiConfig::new("not a URL", API),
        ApiConfig {
            algorithms: Vec::new(),
            ..ApiConfig::new(issuer, API)
        },
        ApiConfig {
            tokens: Tokens::Both,
            ..ApiConfig::new(issuer, API)
        },
        ApiConfig {
            ca_file: Some("/nowhere.pem".into()),
            ..ApiConfig::new(issuer, API)
        },
        ApiConfig {
            hosts: vec!["/".to_owned()],
            ..ApiConfig::new(issuer, API)
        },
        ApiConfig {
            trusted_proxies: vec!["proxy".to_owned()],
            ..ApiConfig::new(issuer, API)
        },
        ApiConfig {
            resource: Some("api".to_owned()),
            ..ApiConfig::new(issuer, API)
        },
        ApiConfig {
            cors: CorsConfig {
                allowed_origins: vec!["*".to_owned()],
                allow_credentials: true,
            },
            ..ApiConfig::new(issuer, API)
        },
    ] {
        let error = Api::new(&config).err().unwrap();
        assert_eq!(format!("{error:?}"), error.to_string());
        assert!(error.to_string().contains(' '), "{error}");
    }
}

#[tokio::test]
async fn n9_an_issuer_that_fits_is_ready() {
    assert_eq!(World::new().await.api.ready().await, Ok(()));
    assert_eq!(World::asking().await.api.ready().await, Ok(()));
}

#[tokio::test]
async fn n9_what_is_wrong_with_an_issuer_is_said() {
    let issuer = Issuer::start().await;
    let introspection = |config: &mut ApiConfig| {
        config.tokens = Tokens::Introspection;
        config.introspection = Some(IntrospectionConfig::new("api", "secret"));
    };
    for (url, expected) in [
        (format!("{}/", issuer.url), "a slash at the end counts"),
        (format!("{}/realms/x", issuer.url), "status 404"),
        ("http://127.0.0.1:9".to_owned(), "Does it run"),
        (issuer.url.replace("http://", "https://"), "certificate"),
    ] {
        for ask in [false, true] {
            let mut config = ApiConfig::new(&url, API);
            if ask {
                introspection(&mut config);
            }
            let error = Api::new(&config).unwrap().ready().await.unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(error.to_string().contains(&url), "{error}");
            assert_eq!(format!("{error:?}"), error.to_string());
        }
    }
}

#[tokio::test]
async fn c6_an_address_that_may_not_be_fetched_is_named() {
    let issuer = Issuer::start().await;
    for (url, expected) in [
        ("http://id.example.com/keys", "jwks_uri may not be fetched"),
        ("https://10.0.0.7/keys", "10.0.0.7 leads to an address"),
    ] {
        let document = json!({"issuer": issuer.url, "jwks_uri": url});
        issuer.scripted.says_of_itself(&document);
        let api = Api::new(&ApiConfig::new(&issuer.url, API)).unwrap();
        let error = api.ready().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("add it to `allow` in the"), "{error}");
    }
}

#[tokio::test]
async fn n11_a_missing_object_and_another_users_are_answered_alike() {
    let world = World::new().await;
    let token = world.token();
    assert_eq!(world.get("/found/alice", &token).await.status, 200);
    let mut answers = Vec::new();
    for path in ["/found/missing", "/found/bob"] {
        let mut answer = world.get(path, &token).await;
        assert_eq!(answer.status, 404);
        let id = answer.header("x-request-id").to_owned();
        answer.headers.remove("x-request-id");
        answers.push((answer.headers, answer.body.replace(&id, "")));
    }
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].1.contains("Not found"), "{}", answers[0].1);
}
