//! The configuration of `cardea dev` (D23).

use std::{collections::BTreeMap, path::Path};

use cardea_protocol::{
    claims::ScopeConfig,
    model::{AuthMethod, Client, ClientMetadata, GrantType},
    redirect_uri::ApplicationType,
    resources::ResourceConfig,
    roles::{OrganizationConfig, RoleConfig},
};
use cardea_seal::Secret;
use cardea_web::config::SecretText;
use serde_json::json;
use url::Url;

use super::{Config, KeysConfig, OutboundConfig, SeedUser, StoreConfig};

pub(crate) use super::demo_secrets::is_demo_secret;
pub use super::demo_secrets::{
    ALICES_PASSWORD, BACKEND_SECRET, BFF_SECRET, BOBS_PASSWORD, SCRIPT_SECRET, WEBAPP_SECRET,
};

/// Where developers' own apps run: the clients `spa` and `backend`.
const APP: &str = "http://localhost:5173";
const APP_BY_ADDRESS: &str = "http://127.0.0.1:5173";
const SCOPES: &str =
    "openid profile email address phone organization offline_access orders:read orders:write";

/// Where browsers find the provider and the apps of `cardea dev`.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// The provider.
    pub issuer: String,
    /// The single-page app, such as `http://localhost:5173`.
    pub spa: String,
    /// The app whose pages are made on the server, such as `http://localhost:5174`.
    pub webapp: String,
}

impl Config {
    /// A provider on loopback at this port with demo users and clients. Its passwords are public, so its store is marked, and
    /// `cardea serve` refuses it.
    #[must_use]
    pub fn development(addresses: &Addresses, port: u16, data: &Path) -> Self {
        Self {
            issuer: addresses.issuer.clone(),
            listen: format!("127.0.0.1:{port}"),
            store: StoreConfig {
                url: SecretText::new(format!("sqlite:{}", data.join("cardea.db").display())),
                ..StoreConfig::default()
            },
            keys: KeysConfig {
                master_key_file: Some(data.join("master.key").display().to_string()),
                ..KeysConfig::default()
            },
            clients: vec![
                spa(),
                backend(),
                script(),
                bff(&addresses.spa),
                webapp(&addresses.webapp),
            ],
            resources: vec![ResourceConfig {
                audience: "api://orders".to_owned(),
                name: Some("Orders".to_owned()),
                scopes: vec!["orders:read".to_owned(), "orders:write".to_owned()],
                introspection_clients: vec!["backend".to_owned()],
                ..ResourceConfig::default()
            }],
            scopes: vec![
                titled("orders:read", "See your orders"),
                titled("orders:write", "Place and change orders"),
            ],
            roles: vec![
                role("owner", &["tenants:admin", "orders:approve"]),
                role("buyer", &["orders:create"]),
            ],
            organizations: vec![
                organization("acme", "Acme Doors"),
                organization("globex", "Globex"),
            ],
            users: users(),
            // Logouts are sent to the apps.
            outbound: OutboundConfig {
                allow: [APP, APP_BY_ADDRESS, &addresses.spa, &addresses.webapp]
                    .into_iter()
                    .filter_map(host_and_port)
                    .collect(),
                ..OutboundConfig::default()
            },
            development: true,
            ..Self::default()
        }
    }
}

fn role(name: &str, permissions: &[&str]) -> RoleConfig {
    RoleConfig {
        name: name.to_owned(),
        permissions: permissions.iter().map(|p| (*p).to_owned()).collect(),
        client: None,
    }
}

fn organization(id: &str, name: &str) -> OrganizationConfig {
    OrganizationConfig {
        id: id.to_owned(),
        name: name.to_owned(),
        domains: Vec::new(),
        join_by_domain: false,
    }
}

fn titled(name: &str, title: &str) -> ScopeConfig {
    ScopeConfig {
        name: name.to_owned(),
        title: Some(title.to_owned()),
        ..ScopeConfig::default()
    }
}

impl Config {
    /// This demo with a configuration file merged over it: entries of the file replace those of the demo with the same name. What makes
    /// it a demo (issuer, address, store, keys) stays.
    #[must_use]
    pub fn with_file(self, file: Self) -> Self {
        let mut outbound = file.outbound;
        outbound.allow.extend(self.outbound.allow);
        Self {
            issuer: self.issuer,
            listen: self.listen,
            store: self.store,
            keys: self.keys,
            tls: None,
            development: true,
            outbound,
            clients: merged(self.clients, file.clients, |client| {
                client.client_id.clone()
            }),
            resources: merged(self.resources, file.resources, |api| api.audience.clone()),
            scopes: merged(self.scopes, file.scopes, |scope| scope.name.clone()),
            roles: merged(self.roles, file.roles, |role| {
                format!("{} {:?}", role.name, role.client)
            }),
            groups: merged(self.groups, file.groups, |group| group.name.clone()),
            organizations: merged(self.organizations, file.organizations, |o| o.id.clone()),
            users: merged(self.users, file.users, |user| user.username.to_lowercase()),
            ..file
        }
    }

    /// Adds a public client, or replaces one of the demo. It may ask for every scope of the demo.
    pub fn add_own_client(&mut self, id: &str, redirect_uri: &str) {
        let known = self.clients.iter_mut();
        // Two redirect URIs of one client are two options.
        if let Some(client) = known.into_iter().find(|c| c.client_id == id)
            && client.client_name.as_deref() == Some(id)
        {
            client.redirect_uris.push(redirect_uri.to_owned());
            return;
        }
        let demo = std::mem::take(&mut self.clients);
        self.clients = merged(demo, vec![own_client(id, redirect_uri)], |client| {
            client.client_id.clone()
        });
    }
}

fn own_client(id: &str, redirect_uri: &str) -> ClientMetadata {
    let origin = Url::parse(redirect_uri)
        .ok()
        .filter(|uri| matches!(uri.scheme(), "http" | "https"))
        .map(|uri| uri.origin().ascii_serialization());
    ClientMetadata {
        client_id: id.to_owned(),
        client_name: Some(id.to_owned()),
        application_type: match origin {
            Some(_) => ApplicationType::Web,
            None => ApplicationType::Native,
        },
        redirect_uris: vec![redirect_uri.to_owned()],
        post_logout_redirect_uris: origin.iter().map(|o| format!("{o}/")).collect(),
        token_endpoint_auth_method: AuthMethod::None,
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scope: format!("{SCOPES} roles groups permissions tenants:admin"),
        ..ClientMetadata::default()
    }
}

/// Why a client cannot be added by this id and redirect URI.
#[must_use]
pub fn own_client_problem(id: &str, redirect_uri: &str) -> Option<String> {
    if DEMO_CLIENTS.contains(&id) {
        return Some(format!(
            "the demo itself uses the client {id}; choose another name"
        ));
    }
    // The other members follow from these two.
    let problems = Client::problems(&own_client(id, redirect_uri)).into_iter();
    let mut of_these = problems.filter(|e| ["client_id", "redirect_uris"].contains(&e.field));
    of_these.next().map(|e| e.problem)
}

/// The clients that the programs of the demo use.
pub const DEMO_CLIENTS: [&str; 3] = ["script", "bff", "webapp"];

/// Whether the demo has a client of this id.
#[must_use]
pub fn is_demo_client(id: &str) -> bool {
    ["spa", "backend"].contains(&id) || DEMO_CLIENTS.contains(&id)
}

/// The entries of both; of those with the same name the ones of `over`.
fn merged<T>(demo: Vec<T>, over: Vec<T>, name: impl Fn(&T) -> String) -> Vec<T> {
    let names: Vec<String> = over.iter().map(&name).collect();
    let kept = demo
        .into_iter()
        .filter(|entry| !names.contains(&name(entry)));
    kept.chain(over).collect()
}

fn host_and_port(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    Some(format!(
        "{}:{}",
        url.host_str()?,
        url.port_or_known_default()?
    ))
}

fn spa() -> ClientMetadata {
    ClientMetadata {
        client_id: "spa".to_owned(),
        client_name: Some("Example in the browser".to_owned()),
        redirect_uris: vec![format!("{APP}/callback")],
        post_logout_redirect_uris: vec![format!("{APP}/")],
        token_endpoint_auth_method: AuthMethod::None,
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scope: SCOPES.to_owned(),
        // The tutorial calls the API and userinfo with one token.
        userinfo_with_api_token: true,
        ..ClientMetadata::default()
    }
}

fn backend() -> ClientMetadata {
    ClientMetadata {
        client_id: "backend".to_owned(),
        client_name: Some("Example on a server".to_owned()),
        client_secret: Some(Secret::new(BACKEND_SECRET.to_owned())),
        redirect_uris: vec![format!("{APP}/callback"), format!("{APP}/bff/callback")],
        post_logout_redirect_uris: vec![format!("{APP}/")],
        grant_types: vec![
            GrantType::AuthorizationCode,
            GrantType::RefreshToken,
            GrantType::ClientCredentials,
        ],
        scope: SCOPES.to_owned(),
        ..ClientMetadata::default()
    }
}

fn script() -> ClientMetadata {
    ClientMetadata {
        client_id: "script".to_owned(),
        client_name: Some("Nightly script".to_owned()),
        client_secret: Some(Secret::new(SCRIPT_SECRET.to_owned())),
        grant_types: vec![GrantType::ClientCredentials],
        scope: "orders:read orders:write".to_owned(),
        ..ClientMetadata::default()
    }
}

fn bff(at: &str) -> ClientMetadata {
    ClientMetadata {
        client_id: "bff".to_owned(),
        client_name: Some("Orders".to_owned()),
        client_secret: Some(Secret::new(BFF_SECRET.to_owned())),
        redirect_uris: vec![format!("{at}/bff/callback")],
        post_logout_redirect_uris: vec![format!("{at}/")],
        backchannel_logout_uri: Some(format!("{at}/bff/backchannel-logout")),
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scope: SCOPES.to_owned(),
        // Its access token is for the API, and the app reads the user's claims at userinfo.
        userinfo_with_api_token: true,
        ..ClientMetadata::default()
    }
}

fn webapp(at: &str) -> ClientMetadata {
    ClientMetadata {
        client_id: "webapp".to_owned(),
        client_name: Some("Webapp".to_owned()),
        client_secret: Some(Secret::new(WEBAPP_SECRET.to_owned())),
        redirect_uris: vec![format!("{at}/callback")],
        post_logout_redirect_uris: vec![format!("{at}/")],
        backchannel_logout_uri: Some(format!("{at}/backchannel-logout")),
        grant_types: vec![GrantType::AuthorizationCode],
        scope: "openid profile email roles".to_owned(),
        ..ClientMetadata::default()
    }
}

fn users() -> Vec<SeedUser> {
    let user =
        |username: &str, password: &str, roles: &[&str], claims: serde_json::Value| SeedUser {
            username: username.to_owned(),
            email: Some(format!("{username}@example.test")),
            email_verified: true,
            password: Some(SecretText::new(password.to_owned())),
            password_hash: None,
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            claims: serde_json::from_value(claims).unwrap_or_default(),
            organizations: BTreeMap::new(),
        };
    let member = |user: SeedUser, id: &str, role: &str| SeedUser {
        organizations: [(id.to_owned(), vec![role.to_owned()])].into(),
        ..user
    };
    let alice = json!({
        "name": "Alice A", "given_name": "Alice", "family_name": "A", "locale": "en", "zoneinfo": "Europe/Amsterdam",
        "phone_number": "+1 555 0100", "phone_number_verified": true, "address": { "country": "NL" },
    });
    let bob = json!({
        "name": "Bob B", "given_name": "Bob", "family_name": "B", "locale": "en",
        "phone_number": "+1 555 0101", "phone_number_verified": false, "address": { "country": "NL" },
    });
    vec![
        member(
            user("alice", ALICES_PASSWORD, &["user"], alice),
            "acme",
            "owner",
        ),
        member(
            user("bob", BOBS_PASSWORD, &["user", "admin"], bob),
            "globex",
            "buyer",
        ),
    ]
}
