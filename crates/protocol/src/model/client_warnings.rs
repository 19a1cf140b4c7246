//! What a client asks for in its metadata and can't be given. It is registered all the same: the scope or claim may come
//! with the next change of the configuration.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Client, GrantType};
use crate::{
    claims::{may_be_given, reserved, scope_of},
    explain::similar,
    resources::Resources,
    scope::OPENID,
};

/// The warnings for a client, each a sentence that names the key.
#[must_use]
pub fn client_warnings(client: &Client, resources: &Resources) -> Vec<String> {
    let mut warnings = Vec::new();
    for scope in client.scope().iter().filter(|s| !resources.knows(s)) {
        let known = resources.scopes();
        let meant = did_you_mean(similar(scope, known));
        warnings.push(format!(
            "scope: no resource and no [[scopes]] has {scope}, so it is never granted; correct the name, or add it there{meant}"
        ));
    }
    let claims = client.metadata().id_token_claims.as_deref();
    for claim in claims.unwrap_or_default() {
        warnings.extend(id_token_claim(client, resources, claim));
    }
    warnings.extend(machine(client, resources));
    warnings
}

fn id_token_claim(client: &Client, resources: &Resources, claim: &str) -> Option<String> {
    let catalog = resources.catalog();
    let givers: Vec<_> = catalog.givers(claim).collect();
    if givers.is_empty() {
        let own = catalog.own_claims();
        // What the protocol sets can't be listed.
        let known = crate::claims::supported_claims().filter(|claim| !reserved(claim));
        let known = known.chain(own);
        let meant = did_you_mean(similar(claim, known));
        return Some(format!(
            "id_token_claims: no scope gives {claim}; add it to the claims of one under [[scopes]]{meant}"
        ));
    }
    let granted = givers.iter().any(|scope| client.scope().contains(scope));
    (!granted).then(|| {
        format!(
            "id_token_claims: {claim} needs one of the scopes {}; add it to scope",
            givers.join(", ")
        )
    })
}

/// A client that only acts on its own behalf needs scopes of an API.
fn machine(client: &Client, resources: &Resources) -> Option<String> {
    let only_itself = client.may_use(GrantType::ClientCredentials)
        && !client.may_use(GrantType::AuthorizationCode);
    let of_users: Vec<_> = client
        .scope()
        .iter()
        .filter(|s| resources.knows(s) && !resources.is_of_api(s))
        .collect();
    // `openid` is the default of the key.
    let only_default = of_users == [OPENID];
    (only_itself && !of_users.is_empty() && !only_default).then(|| {
        format!(
            "scope: {} is about users, and client_credentials has none, so it is never granted; remove it",
            of_users.join(" ")
        )
    })
}

/// The warnings for the claims of a user: those that no scope and no resource gives.
#[must_use]
pub fn user_claim_warnings(claims: &BTreeMap<String, Value>, resources: &Resources) -> Vec<String> {
    let given = |claim: &str| {
        scope_of(claim).is_some()
            || resources.catalog().givers(claim).next().is_some()
            || resources
                .iter()
                .any(|r| r.claims().iter().any(|one| one == claim))
    };
    // One that is refused has its error, and must not be added anywhere.
    let unused = claims
        .keys()
        .filter(|claim| may_be_given(claim) && !given(claim));
    unused
        .map(|claim| {
            let known = crate::claims::supported_claims().filter(|known| may_be_given(known));
            let own = resources.catalog().own_claims();
            let meant = did_you_mean(similar(claim, known.chain(own)));
            format!(
                "claims: no scope gives {claim}, so no application gets it; add it to the claims of one under [[scopes]]{meant}"
            )
        })
        .collect()
}

fn did_you_mean(similar: Option<&str>) -> String {
    similar.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        claims::ScopeConfig,
        model::{AuthMethod, ClientMetadata},
        samples,
    };

    fn resources() -> Resources {
        let hr = ScopeConfig {
            name: "hr".to_owned(),
            claims: vec!["department".to_owned()],
            ..Default::default()
        };
        samples::resources().with_scopes(&[hr]).unwrap()
    }

    fn warned(change: impl FnOnce(&mut ClientMetadata)) -> Vec<String> {
        client_warnings(&samples::client(change), &resources())
    }

    #[test]
    fn c7_a_scope_that_nothing_owns_is_a_warning_with_the_nearest_name() {
        for (scope, meant) in [
            ("openid orders:raed", Some("orders:read")),
            ("openid Orders:Read", Some("orders:read")),
            ("openid profil", Some("profile")),
            ("openid group", Some("groups")),
            ("openid something-else", None),
        ] {
            let warnings = warned(|m| m.scope = scope.to_owned());
            assert_eq!(warnings.len(), 1, "{scope}: {warnings:?}");
            match meant {
                Some(name) => assert!(
                    warnings[0].ends_with(&format!("did you mean {name}?")),
                    "{warnings:?}"
                ),
                None => assert!(!warnings[0].contains("did you mean"), "{warnings:?}"),
            }
        }
        let all = "openid profile email groups roles hr orders:read offline_access";
        assert_eq!(warned(|m| m.scope = all.to_owned()), [""; 0]);
    }

    #[test]
    fn c3_claims_that_can_not_be_given_are_warnings() {
        let with = |scope: &str, claims: &[&str]| {
            warned(|m| {
                m.scope = scope.to_owned();
                m.id_token_claims = Some(claims.iter().map(|c| (*c).to_owned()).collect());
            })
        };
        assert_eq!(with("openid hr groups", &["department", "groups"]), [""; 0]);
        let unknown = with("openid", &["departmen"]);
        assert!(
            unknown[0].ends_with("did you mean department?"),
            "{unknown:?}"
        );
        let elsewhere = with("openid", &["department"]);
        assert!(
            elsewhere[0].contains("needs one of the scopes hr"),
            "{elsewhere:?}"
        );
        let email = with("openid", &["email"]);
        assert!(email[0].contains("email needs one of the scopes email"));
    }

    #[test]
    fn c3_claims_of_a_user_that_no_scope_gives_are_warnings() {
        let of = |claims: Value| {
            let claims = serde_json::from_value(claims).unwrap();
            user_claim_warnings(&claims, &resources())
        };
        assert_eq!(
            of(json!({"groups": ["a"], "name": "A", "department": "x"})),
            [""; 0]
        );
        let warnings = of(json!({"quota": 5, "departement": "x"}));
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(
            warnings[0].ends_with("did you mean department?"),
            "{warnings:?}"
        );
    }

    #[test]
    fn c7_a_machine_that_asks_for_scopes_of_users_is_warned() {
        let machine = |scope: &str| {
            warned(|m| {
                m.token_endpoint_auth_method = AuthMethod::ClientSecretBasic;
                m.client_secret = Some(cardea_seal::Secret::new("s".repeat(32)));
                m.grant_types = vec![GrantType::ClientCredentials];
                m.scope = scope.to_owned();
            })
        };
        assert_eq!(machine("orders:read"), [""; 0]);
        assert_eq!(machine("openid"), [""; 0]);
        assert_eq!(machine("orders:read email").len(), 1);
    }
}
