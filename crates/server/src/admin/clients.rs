//! Clients: list, show, add, set, remove, enable, disable, a new secret.

use axum::{Json, extract::State};
use cardea_protocol::model::{
    AuthMethod, Cause, Client, ClientId, ClientMetadata, ClientStatus, Owner, client_warnings,
};
use cardea_seal::{Digest, Secret};
use cardea_store::{ClientChange, PutClient};
use http::StatusCode;
use serde_json::{Map, Value};

use super::{
    client_patch::patched,
    conditional::Tries,
    list::Window,
    operator::Operator,
    refusal::{Answer, Refusal},
    request::{Body, Name},
    types::{Client as View, ClientPatch, List, ListQuery, schemas},
};
use crate::{app::Shared, config::development};

impl View {
    fn of(client: &Client) -> Self {
        Self {
            metadata: client.metadata().clone(),
            status: client.status(),
            owner: client.owner(),
            created_at: client.created_at(),
            client_secret: None,
            warnings: Vec::new(),
        }
    }

    fn warned(mut self, app: &Shared, client: &Client) -> Self {
        self.warnings = client_warnings(client, &app.settings.resources);
        self
    }

    fn with(mut self, secret: Option<&Secret<String>>) -> Self {
        self.client_secret = secret.map(|s| s.expose().clone());
        self
    }
}

/// `GET /clients`
#[utoipa::path(
    get,
    operation_id = "clients_list",
    path = "/clients",
    summary = "List the clients",
    description = "",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of the clients, by client_id.", body = List<View>),
    ),
)]
pub(super) async fn list(
    State(app): State<Shared>,
    _operator: Operator,
    Window(page): Window<ClientId>,
) -> Answer<Json<List<View>>> {
    let clients = app.store.clients(page).await?;
    let views = clients.items.iter().map(View::of).collect();
    Ok(Json(List::page(views, clients.next)))
}

/// `GET /clients/{id}`
#[utoipa::path(
    get,
    operation_id = "clients_show",
    path = "/clients/{id}",
    summary = "Show a client",
    description = "",
    params(("id" = String, Path, description = "The client_id.")),
    responses(
        (status = 200, description = "The client.", body = View),
    ),
)]
pub(super) async fn show(
    State(app): State<Shared>,
    _operator: Operator,
    Name(id): Name,
) -> Answer<Json<View>> {
    Ok(Json(View::of(&find(&app, &id).await?)))
}

/// `POST /clients`: a confidential client that brings no secret gets one.
#[utoipa::path(
    post,
    operation_id = "clients_add",
    path = "/clients",
    summary = "Add a client",
    description = "",
    request_body = schemas::ClientMetadata,
    responses(
        (status = 201, description = "The client was added; a new secret is shown once.", body = View),
    ),
)]
pub(super) async fn add(
    State(app): State<Shared>,
    operator: Operator,
    Body(mut metadata): Body<ClientMetadata>,
) -> Answer<(StatusCode, Json<View>)> {
    // D23: these are public.
    if metadata
        .client_secret
        .as_ref()
        .is_some_and(|s| development::is_demo_secret(s.expose()))
    {
        return Err(Refusal::bad_request(
            "client_secret: it is one of cardea dev, which are public; leave it out, and a new one is made",
        ));
    }
    let mut made = None;
    let has_secret = metadata.client_secret.is_some() || metadata.client_secret_hash.is_some();
    if needs_secret(&metadata) && !has_secret {
        made = Some(app.entropy.token().to_text());
        metadata.client_secret.clone_from(&made);
    }
    let client = Client::register(metadata, Owner::Store, operator.now())?;
    let view = View::of(&client).with(made.as_ref()).warned(&app, &client);
    put(&app, client, ClientChange::Add, operator.cause()).await?;
    publish(&app, operator.cause()).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// `PATCH /clients/{id}`: the members of the body replace those of the metadata, `null` sets them to their default (RFC 7396).
#[utoipa::path(
    patch,
    operation_id = "clients_set",
    path = "/clients/{id}",
    summary = "Change a client",
    description = "",
    params(("id" = String, Path, description = "The client_id.")),
    request_body = ClientPatch,
    responses(
        (status = 200, description = "The client as it is now.", body = View),
    ),
)]
pub(super) async fn set(
    State(app): State<Shared>,
    operator: Operator,
    Name(id): Name,
    Body(ClientPatch(patch)): Body<ClientPatch>,
) -> Answer<Json<View>> {
    let mut tries = Tries::default();
    let changed = loop {
        let outcome = change(&app, &operator, &id, &patch).await;
        if !tries.again(&outcome) {
            break outcome?;
        }
    };
    publish(&app, operator.cause()).await?;
    Ok(Json(changed))
}

async fn change(
    app: &Shared,
    operator: &Operator,
    id: &str,
    patch: &Map<String, Value>,
) -> Answer<View> {
    let before = owned(app, id).await?;
    let metadata = patched(before.metadata(), patch)?;
    // The secret follows the method: one is made when it is needed first, and is removed when it is no longer needed.
    let mut made = None;
    let secret = match (needs_secret(&metadata), before.secret_hash()) {
        (false, _) => None,
        (true, Some(secret)) => Some(secret),
        (true, None) => {
            let text = app.entropy.token().to_text();
            let hash = Digest::of(text.expose().as_bytes());
            made = Some(text);
            Some(hash)
        }
    };
    let client = Client::restore(
        metadata,
        secret,
        before.status(),
        Owner::Store,
        before.created_at(),
    )?;
    let view = View::of(&client).with(made.as_ref()).warned(app, &client);
    let change = ClientChange::Change(Box::new(before));
    put(app, client, change, operator.cause()).await?;
    Ok(view)
}

/// `DELETE /clients/{id}`: with its codes, grants and consents.
#[utoipa::path(
    delete,
    operation_id = "clients_remove",
    path = "/clients/{id}",
    summary = "Remove a client with its codes, grants and consents",
    description = "",
    params(("id" = String, Path, description = "The client_id.")),
    responses(
        (status = 204, description = "The client was removed."),
    ),
)]
pub(super) async fn remove(
    State(app): State<Shared>,
    operator: Operator,
    Name(id): Name,
) -> Answer<StatusCode> {
    let client = owned(&app, &id).await?;
    let removed = app
        .store
        .remove_client(client.id().clone(), operator.into_cause())
        .await?;
    app.clients.refresh().await?;
    match removed {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(unknown(&id)),
    }
}

/// `POST /clients/{id}/enable`
#[utoipa::path(
    post,
    operation_id = "clients_enable",
    path = "/clients/{id}/enable",
    summary = "Enable a client",
    description = "",
    params(("id" = String, Path, description = "The client_id.")),
    responses(
        (status = 200, description = "The client as it is now.", body = View),
    ),
)]
pub(super) async fn enable(
    State(app): State<Shared>,
    operator: Operator,
    Name(id): Name,
) -> Answer<Json<View>> {
    set_status(&app, operator, &id, ClientStatus::Enabled).await
}

/// `POST /clients/{id}/disable`
#[utoipa::path(
    post,
    operation_id = "clients_disable",
    path = "/clients/{id}/disable",
    summary = "Disable a client",
    description = "",
    params(("id" = String, Path, description = "The client_id.")),
    responses(
        (status = 200, description = "The client as it is now.", body = View),
    ),
)]
pub(super) async fn disable(
    State(app): State<Shared>,
    operator: Operator,
    Name(id): Name,
) -> Answer<Json<View>> {
    set_status(&app, operator, &id, ClientStatus::Disabled).await
}

async fn set_status(
    app: &Shared,
    operator: Operator,
    id: &str,
    status: ClientStatus,
) -> Answer<Json<View>> {
    let client = owned(app, id).await?;
    app.store
        .set_client_status(client.id().clone(), status, operator.cause().clone())
        .await?;
    publish(app, operator.cause()).await?;
    Ok(Json(View::of(&find(app, id).await?)))
}

/// `POST /clients/{id}/secret`: the old one stops working immediately.
#[utoipa::path(
    post,
    operation_id = "clients_rotate_secret",
    path = "/clients/{id}/secret",
    summary = "Give a client a new secret; the old one stops working immediately",
    description = "",
    params(("id" = String, Path, description = "The client_id.")),
    responses(
        (status = 200, description = "The client with its new secret, which is shown once.", body = View),
    ),
)]
pub(super) async fn rotate_secret(
    State(app): State<Shared>,
    operator: Operator,
    Name(id): Name,
) -> Answer<Json<View>> {
    let mut tries = Tries::default();
    let changed = loop {
        let outcome = new_secret(&app, &operator, &id).await;
        if !tries.again(&outcome) {
            break outcome?;
        }
    };
    publish(&app, operator.cause()).await?;
    Ok(Json(changed))
}

async fn new_secret(app: &Shared, operator: &Operator, id: &str) -> Answer<View> {
    let client = owned(app, id).await?;
    if !needs_secret(client.metadata()) {
        return Err(Refusal::conflict(format!(
            "The client {id} has no secret: its token_endpoint_auth_method is {}.",
            client.metadata().token_endpoint_auth_method.as_str()
        )));
    }
    let secret = app.entropy.token().to_text();
    let change = ClientChange::Secret(Box::new(client.clone()));
    let client = client.with_secret(Digest::of(secret.expose().as_bytes()));
    let view = View::of(&client).with(Some(&secret));
    put(app, client, change, operator.cause()).await?;
    Ok(view)
}

async fn put(app: &Shared, client: Client, change: ClientChange, cause: &Cause) -> Answer<()> {
    let id = client.id().clone();
    let there = app
        .store
        .put_client(PutClient {
            client,
            change,
            cause: cause.clone(),
        })
        .await?;
    match there {
        true => Ok(()),
        false => Err(unknown(id.as_str())),
    }
}

/// This process uses the change immediately, and has a key for every algorithm that a client needs.
async fn publish(app: &Shared, cause: &Cause) -> Answer<()> {
    app.clients.refresh().await?;
    let wanted = app.clients.algorithms();
    app.ring.ensure(wanted.into_iter(), cause).await?;
    app.refresh_metadata();
    Ok(())
}

async fn find(app: &Shared, id: &str) -> Answer<Client> {
    let client_id = ClientId::parse(id)?;
    let client = app.store.client(&client_id).await?;
    client.ok_or_else(|| unknown(id))
}

/// A client that may be changed here. D19: one of the file is read-only, and the error says where it is.
async fn owned(app: &Shared, id: &str) -> Answer<Client> {
    let client = find(app, id).await?;
    if client.owner() == Owner::Store {
        return Ok(client);
    }
    let place = app.settings.places.client(id);
    Err(Refusal::conflict(format!(
        "The client {id} is owned by the configuration file{place}. Change it there, and restart Cardea."
    )))
}

fn unknown(id: &str) -> Refusal {
    Refusal::not_found(format_args!("client {id}"))
}

fn needs_secret(metadata: &ClientMetadata) -> bool {
    matches!(
        metadata.token_endpoint_auth_method,
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost
    )
}
