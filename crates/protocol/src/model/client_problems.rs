//! Everything that is wrong with a client's metadata: registration stops at the first.

use super::{
    ClientId, ClientMetadata, MetadataError,
    client::{
        Client, check_authentication, check_client_name, check_grant_types, check_origin, keys,
        secret,
    },
    client_uris::{check_backchannel_logout, check_page, pages, redirect_uri, too_many_uris},
};
use crate::{claims::claim_problems, scope::Scope};

impl Client {
    /// All problems of metadata that is to be registered.
    #[must_use]
    pub fn problems(metadata: &ClientMetadata) -> Vec<MetadataError> {
        let mut problems = Vec::new();
        let of = |field, problem: String| MetadataError { field, problem };
        let id = ClientId::parse(&metadata.client_id);
        problems.extend(id.err().map(|e| of("client_id", e.to_string())));
        let secret = secret(&mut metadata.clone());
        // A secret that is refused is one all the same.
        let has_secret = !matches!(secret, Ok(None));
        problems.extend(secret.err());
        let scope = Scope::parse(&metadata.scope);
        problems.extend(scope.err().map(|e| of("scope", e.to_string())));
        problems.extend(too_many_uris(metadata).err());
        for (field, uris) in [
            ("redirect_uris", &metadata.redirect_uris),
            (
                "post_logout_redirect_uris",
                &metadata.post_logout_redirect_uris,
            ),
        ] {
            let parsed = uris.iter().map(|uri| redirect_uri(field, uri, metadata));
            problems.extend(parsed.filter_map(Result::err));
        }
        problems.extend(keys(metadata).err());
        problems.extend(check_client_name(metadata).err());
        let origins = metadata.allowed_origins.iter();
        problems.extend(origins.filter_map(|origin| check_origin(origin).err()));
        problems.extend(check_backchannel_logout(metadata).err());
        let pages = pages(metadata).into_iter();
        problems.extend(pages.filter_map(|(field, uri)| check_page(field, uri?).err()));
        let claims = metadata.id_token_claims.as_deref().unwrap_or_default();
        let claims = claim_problems(claims).into_iter();
        problems.extend(claims.map(|problem| of("id_token_claims", problem)));
        problems.extend(check_authentication(metadata, has_secret).err());
        problems.extend(check_grant_types(metadata).err());
        problems
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{AuthMethod, GrantType, Owner};

    fn sound() -> ClientMetadata {
        ClientMetadata {
            client_id: "app".to_owned(),
            token_endpoint_auth_method: AuthMethod::None,
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            ..ClientMetadata::default()
        }
    }

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn c3_all_problems_of_a_client_are_found_in_one_pass() {
        let metadata = ClientMetadata {
            redirect_uris: texts(&["javascript:alert(1)", "https://app.example/cb", "x"]),
            post_logout_redirect_uris: texts(&["not a url"]),
            allowed_origins: texts(&["https://a.example/", "https://b.example", "null"]),
            client_name: Some(String::new()),
            logo_uri: Some("http://app.example/logo.png".to_owned()),
            tos_uri: Some("https://u@app.example/".to_owned()),
            backchannel_logout_uri: Some("http://app.example/logout".to_owned()),
            id_token_claims: Some(texts(&["sub", "email", "aud"])),
            scope: "a\"b".to_owned(),
            require_pkce: Some(false),
            grant_types: vec![GrantType::RefreshToken],
            ..sound()
        };
        let fields: Vec<_> = Client::problems(&metadata)
            .iter()
            .map(|problem| problem.field)
            .collect();
        assert_eq!(
            fields,
            [
                "scope",
                "redirect_uris",
                "redirect_uris",
                "post_logout_redirect_uris",
                "client_name",
                "allowed_origins",
                "allowed_origins",
                "backchannel_logout_uri",
                "logo_uri",
                "tos_uri",
                "id_token_claims",
                "id_token_claims",
                "require_pkce",
                "grant_types",
            ]
        );
    }

    #[test]
    fn c3_a_client_has_problems_exactly_if_it_is_refused() {
        let changes: [fn(&mut ClientMetadata); 12] = [
            |_| {},
            |m| m.client_id = String::new(),
            |m| m.redirect_uris = Vec::new(),
            |m| m.redirect_uris = texts(&["https://app.example/cb"; 33]),
            |m| m.post_logout_redirect_uris = texts(&["https://app.example/"; 33]),
            |m| m.allowed_origins = texts(&["https://app.example"; 33]),
            |m| m.token_endpoint_auth_method = AuthMethod::ClientSecretBasic,
            |m| m.token_endpoint_auth_method = AuthMethod::PrivateKeyJwt,
            |m| m.client_secret_hash = Some("x".to_owned()),
            |m| m.client_secret_hash = Some("0".repeat(64)),
            |m| m.jwks_uri = Some("http://app.example/jwks".to_owned()),
            |m| m.grant_types = Vec::new(),
        ];
        for (i, change) in changes.into_iter().enumerate() {
            let mut metadata = sound();
            change(&mut metadata);
            let problems = Client::problems(&metadata);
            let refused = Client::register(metadata, Owner::File, Timestamp::UNIX_EPOCH).err();
            assert_eq!(refused.is_none(), problems.is_empty(), "{i}: {problems:?}");
        }
    }
}
