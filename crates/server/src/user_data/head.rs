//! What is short.

use cardea_protocol::model::User;
use cardea_store::{LinkView, StoreError};
use jiff::Timestamp;

use crate::{
    admin::types::{
        DataOfApp, DataOfAuthenticatorApp, DataOfLink, DataOfMembership, DataOfPasskey,
        DataOfProfile, DataOfSignIn, DataOfTrustedDevice, UserData,
    },
    app::App,
};

/// The document without rows.
pub(super) async fn of(app: &App, user: &User, now: Timestamp) -> Result<UserData, StoreError> {
    let (store, subject) = (&app.store, &user.subject);
    let links = store.links_of(subject).await?;
    let organizations = store.memberships_of(subject).await?;
    Ok(UserData {
        issuer: app.issuer().to_owned(),
        exported_at: now,
        profile: profile(user),
        sign_in: sign_in(app, user, now).await?,
        linked_accounts: links.into_iter().map(link).collect(),
        roles: user.roles.clone(),
        groups: store.groups_of(subject).await?,
        organizations: organizations
            .into_iter()
            .map(|membership| DataOfMembership {
                id: membership.id,
                name: membership.name,
                roles: membership.roles,
            })
            .collect(),
        apps: apps(app, user).await?,
        grants: Vec::new(),
        sessions: Vec::new(),
        activity: Vec::new(),
    })
}

fn profile(user: &User) -> DataOfProfile {
    DataOfProfile {
        sub: user.subject.clone(),
        username: user.username.clone(),
        email: user.email.clone(),
        email_verified: user.email_verified,
        claims: user.claims.clone(),
        language: user.account.locale.map(|lang| lang.as_str().to_owned()),
        status: user.status,
        created_at: user.created_at,
        updated_at: user.updated_at,
        must_change_password: user.account.must_change_password,
        expires_at: user.account.expires_at,
        delete_at: user.account.delete_at,
    }
}

async fn sign_in(app: &App, user: &User, now: Timestamp) -> Result<DataOfSignIn, StoreError> {
    let (store, subject) = (&app.store, &user.subject);
    let factors = store.factors(subject).await?;
    let devices = store.trusted_devices(subject, now).await?;
    Ok(DataOfSignIn {
        password: store.has_password(subject).await?,
        authenticator_app: factors.totp.map(|totp| DataOfAuthenticatorApp {
            created_at: totp.created_at,
            last_used_at: totp.last_used_at,
        }),
        passkeys: factors
            .passkeys
            .into_iter()
            .map(|passkey| DataOfPasskey {
                name: passkey.label,
                synced: passkey.synced,
                created_at: passkey.created_at,
                last_used_at: passkey.last_used_at,
            })
            .collect(),
        backup_codes: factors.backup_codes,
        trusted_devices: devices
            .into_iter()
            .map(|device| DataOfTrustedDevice {
                user_agent: device.label,
                address: device.address,
                created_at: device.created_at,
                last_used_at: device.last_used_at,
                expires_at: device.expires_at,
            })
            .collect(),
    })
}

fn link(view: LinkView) -> DataOfLink {
    DataOfLink {
        provider: view.link.upstream.as_str().to_owned(),
        issuer: view.link.issuer,
        subject: view.link.subject,
        label: view.link.label,
        created_at: view.created_at,
        last_used_at: view.last_used_at,
    }
}

async fn apps(app: &App, user: &User) -> Result<Vec<DataOfApp>, StoreError> {
    let mut apps = Vec::new();
    for consent in app.store.consents_of(&user.subject).await? {
        let client = app.clients.find(consent.client_id.as_str()).await?;
        apps.push(DataOfApp {
            client_id: consent.client_id,
            name: client.map(|client| client.name().to_owned()),
            scope: consent.scope.to_string(),
            given_at: consent.given_at,
            updated_at: consent.updated_at,
        });
    }
    Ok(apps)
}
