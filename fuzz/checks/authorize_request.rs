//! Feeds untrusted query strings to all checks of `/authorize`, and to the response.

use std::sync::LazyLock;

use cardea_protocol::{
    OAuthError,
    authorize::{self, AuthorizationRequest, Context, Refusal},
    mfa::Acr,
    model::{AuthMethod, Client, ClientMetadata, Owner},
    request::AuthorizationParams,
    resources::{ResourceConfig, Resources},
};

const REDIRECT_URI: &str = "https://app.example/cb?x=1";

static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let metadata = ClientMetadata {
        client_id: "app".to_owned(),
        redirect_uris: vec![REDIRECT_URI.to_owned()],
        token_endpoint_auth_method: AuthMethod::None,
        scope: "openid email orders:read".to_owned(),
        ..Default::default()
    };
    Client::register(metadata, Owner::Store, jiff::Timestamp::UNIX_EPOCH).expect("a client")
});

static RESOURCES: LazyLock<Resources> = LazyLock::new(|| {
    let orders = ResourceConfig {
        audience: "api://orders".to_owned(),
        scopes: vec!["orders:read".to_owned()],
        ..Default::default()
    };
    Resources::new(&[orders]).expect("an API")
});

pub(crate) fn check(data: &[u8]) {
    let pairs: Vec<_> = form_urlencoded::parse(data).into_owned().collect();
    let params = AuthorizationParams::new(&pairs);
    let context = Context {
        client: Some(&CLIENT),
        similar_client: None,
        some_clients: &[],
        resources: &RESOURCES,
        sign_up: false,
        acr: &Acr::ALL,
        hint: &|_| Err(OAuthError::invalid_request("no hint")),
    };
    match authorize::check(&params, context) {
        Ok(request) => {
            assert_eq!(request.return_path.redirect_uri, REDIRECT_URI);
            assert!(
                request.return_path.challenge.is_some()
                    && request.access.scope.is_subset_of(CLIENT.scope())
            );
            let json = serde_json::to_vec(&request).expect("a request is JSON");
            let again: AuthorizationRequest = serde_json::from_slice(&json).expect("our own JSON");
            assert_eq!(again, request);
        }
        Err(Refusal::Page(..)) => {}
        Err(Refusal::Return(back, error)) => {
            let location = back.error(&error, "https://id.example").location();
            assert!(location.starts_with(&format!("{REDIRECT_URI}&error=")));
            // An echoed value can not end the header or the query.
            assert!(location.bytes().all(|b| b.is_ascii_graphic() && b != b'#'));
        }
    }
}
