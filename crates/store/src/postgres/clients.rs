//! Clients and their assertions.

use std::collections::BTreeMap;

use async_trait::async_trait;
use cardea_protocol::model::{Cause, Client, ClientId, ClientMetadata, ClientStatus, Owner};
use cardea_seal::Digest;
use tokio_postgres::Row;

use super::{
    PostgresStore, audit,
    connection::{Connection, read, statement, transaction},
    fault::{Verb, conflict},
    roles,
    rows::{self, Fields},
    statement::params,
};
use crate::{
    ApplyFileClients, ClientChange, Clients, Constraint, MAX_PAGE, Page, PutClient, Result, Rows,
    UseAssertion, events,
};

macro_rules! columns {
    () => {
        "client_id, metadata, secret_hash, status, owner, created_at"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM clients WHERE ", $rest)
    };
}

#[async_trait]
impl Clients for PostgresStore {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>> {
        read!(self, db => find(&db, select!("client_id = :id"), id))
    }

    async fn clients(&self, page: Page<ClientId>) -> Result<Rows<Client, ClientId>> {
        let sql = select!("client_id > :after ORDER BY client_id LIMIT :limit");
        read!(self, db => list(&db, sql, &page))
    }

    async fn clients_revision(&self) -> Result<i64> {
        let sql = "SELECT revision FROM client_revision";
        let revision = read!(self, db => rows::value(&db, sql, params! {}))?;
        Ok(revision.unwrap_or(0))
    }

    async fn visit_enabled_clients(
        &self,
        visit: &mut (dyn for<'c> FnMut(&'c Client) + Send),
    ) -> Result<()> {
        // Page by page: there may be more than should be in memory at once.
        let sql =
            select!("status = 'enabled' AND client_id > :after ORDER BY client_id LIMIT :limit");
        let mut page = Page::first(MAX_PAGE);
        loop {
            let Rows { items, next } = read!(self, db => list(&db, sql, &page))?;
            for client in &items {
                visit(client);
            }
            if next.is_none() {
                return Ok(());
            }
            page.after = next;
        }
    }

    async fn put_client(&self, command: PutClient) -> Result<bool> {
        transaction!(self, db => put(&db, &command))
    }

    async fn set_client_status(
        &self,
        id: ClientId,
        status: ClientStatus,
        cause: Cause,
    ) -> Result<bool> {
        transaction!(self, db => change_status(&db, &id, status, &cause))
    }

    async fn remove_client(&self, id: ClientId, cause: Cause) -> Result<bool> {
        transaction!(self, db => remove(&db, &id, &cause))
    }

    async fn apply_file_clients(&self, command: ApplyFileClients) -> Result<()> {
        transaction!(self, db => apply_file(&db, &command))
    }

    async fn use_assertion(&self, command: UseAssertion) -> Result<bool> {
        statement!(self, db => use_assertion(&db, &command))
    }
}

async fn find(db: &Connection, sql: &'static str, id: &ClientId) -> Verb<Option<Client>> {
    rows::first(db, sql, params! { ":id": id.as_str() }, |row| {
        Ok(decode(row)?)
    })
    .await
}

async fn list(
    db: &Connection,
    sql: &'static str,
    page: &Page<ClientId>,
) -> Verb<Rows<Client, ClientId>> {
    let (limit, read) = rows::limits(page);
    let after = page.after.as_ref().map_or("", ClientId::as_str);
    let found = rows::all(
        db,
        sql,
        params! { ":after": after, ":limit": read },
        |row| {
            let client = decode(row)?;
            Ok((client.id().clone(), client))
        },
    )
    .await?;
    Ok(rows::page(found, limit))
}

/// A client has changed: the last step of every verb that does it, as all wait here for each other.
pub(super) async fn changed(db: &Connection) -> Verb<()> {
    let sql = "UPDATE client_revision SET revision = revision + 1 WHERE one = 1";
    rows::execute(db, sql, params! {}).await.map(drop)
}

/// Keeps a client as it is until the end of the transaction. What refers to it can be written still.
pub(super) async fn lock(db: &Connection, id: &ClientId) -> Verb<Option<i64>> {
    let sql = "SELECT client_key FROM clients WHERE client_id = :id FOR NO KEY UPDATE";
    rows::value(db, sql, params! { ":id": id.as_str() }).await
}

fn decode(row: &Row) -> Result<Client> {
    let mut f = Fields::new(row, "clients", 0);
    let _id: String = f.get("client_id")?;
    let metadata: ClientMetadata = f.json("metadata")?;
    let secret = f.digest_opt("secret_hash")?;
    let status = f.word("status")?;
    let owner = f.word("owner")?;
    let created_at = f.time("created_at")?;
    Client::restore(metadata, secret, status, owner, created_at)
        .map_err(|e| f.corrupt("metadata", e))
}

/// Selects `client_id, owner`.
async fn owner(db: &Connection, sql: &'static str, id: &ClientId) -> Verb<Option<Owner>> {
    rows::first(db, sql, params! { ":id": id.as_str() }, |row| {
        let mut f = Fields::new(row, "clients", 0);
        let _id: String = f.get("client_id")?;
        Ok(f.word("owner")?)
    })
    .await
}

async fn put(db: &Connection, command: &PutClient) -> Verb<bool> {
    let id = command.client.id();
    let stored = match &command.change {
        // Whether the id is taken, its index says.
        ClientChange::Add => None,
        ClientChange::Change(_) | ClientChange::Secret(_) => {
            find(db, select!("client_id = :id FOR NO KEY UPDATE"), id).await?
        }
    };
    if !events::may_put(command, stored.as_ref().map(Client::owner))? {
        return Ok(false);
    }
    match &command.change {
        ClientChange::Add => insert(db, &command.client).await?,
        ClientChange::Change(before) => {
            let metadata = Some(command.client.metadata());
            change(db, (before, stored.as_ref()), metadata, &command.client).await?;
        }
        ClientChange::Secret(before) => {
            change(db, (before, stored.as_ref()), None, &command.client).await?;
        }
    }
    let entry = events::client_put(id, &command.change);
    audit::record(db, &command.cause, &entry).await?;
    // What is read by the revision has no secrets.
    if !matches!(command.change, ClientChange::Secret(_)) {
        changed(db).await?;
    }
    Ok(true)
}

async fn insert(db: &Connection, client: &Client) -> Verb<()> {
    let metadata = client.metadata();
    rows::execute(
        db,
        "INSERT INTO clients (client_id, owner, status, secret_hash, metadata, backchannel_logout_uri, created_at)
         VALUES (:id, :owner, :status, :secret, :metadata, :logout, :created)",
        params! {
            ":id": client.id().as_str(),
            ":owner": rows::to_word(client.owner())?,
            ":status": rows::to_word(client.status())?,
            ":secret": client.secret_hash().as_ref().map(Digest::as_bytes),
            ":metadata": rows::to_json(metadata)?,
            ":logout": &metadata.backchannel_logout_uri,
            ":created": client.created_at().as_millisecond(),
        },
    )
    .await
    .map(drop)
}

/// D4: written only if metadata and secret of the locked client are those of `before`. Without new metadata those stay, and a secret
/// that is the same as before is not written.
async fn change(
    db: &Connection,
    (before, stored): (&Client, Option<&Client>),
    metadata: Option<&ClientMetadata>,
    after: &Client,
) -> Verb<()> {
    let stored = stored.ok_or_else(|| conflict(Constraint::ChangedMeanwhile))?;
    events::client_may_follow(before, stored)?;
    let secret = after.secret_hash();
    rows::execute(
        db,
        "UPDATE clients SET metadata = coalesce(:metadata, metadata),
                            backchannel_logout_uri = CASE WHEN :metadata IS NULL THEN backchannel_logout_uri ELSE :logout END,
                            secret_hash = CASE WHEN :other_secret THEN :secret ELSE secret_hash END
         WHERE client_id = :id",
        params! {
            ":id": after.id().as_str(),
            ":metadata": metadata.map(rows::to_json).transpose()?,
            ":logout": metadata.and_then(|m| m.backchannel_logout_uri.as_deref()),
            ":secret": secret.as_ref().map(Digest::as_bytes),
            ":other_secret": secret != before.secret_hash(),
        },
    )
    .await
    .map(drop)
}

/// Metadata and secret. The status is written only by [`set_status`], so that no change enables a client by accident.
async fn update(db: &Connection, client: &Client, stored: &Stored) -> Verb<bool> {
    let metadata = rows::to_json(client.metadata())?;
    let secret = client.secret_hash();
    if metadata == stored.metadata && secret == stored.secret {
        return Ok(false);
    }
    rows::execute(
        db,
        "UPDATE clients SET metadata = :metadata, backchannel_logout_uri = :logout, secret_hash = :secret
         WHERE client_id = :id",
        params! {
            ":id": client.id().as_str(),
            ":metadata": metadata,
            ":logout": &client.metadata().backchannel_logout_uri,
            ":secret": secret.as_ref().map(Digest::as_bytes),
        },
    )
    .await?;
    Ok(true)
}

async fn change_status(
    db: &Connection,
    id: &ClientId,
    status: ClientStatus,
    cause: &Cause,
) -> Verb<bool> {
    let sql = "SELECT client_id, owner FROM clients WHERE client_id = :id FOR NO KEY UPDATE";
    let Some(owner) = owner(db, sql, id).await? else {
        return Ok(false);
    };
    events::may_change(id, owner)?;
    if set_status(db, id, status, cause).await? {
        changed(db).await?;
    }
    Ok(true)
}

/// Audited only when it changes something. Whether it did.
async fn set_status(
    db: &Connection,
    id: &ClientId,
    status: ClientStatus,
    cause: &Cause,
) -> Verb<bool> {
    let sql = "UPDATE clients SET status = :status WHERE client_id = :id AND status <> :status";
    let params = params! { ":id": id.as_str(), ":status": rows::to_word(status)? };
    if rows::execute(db, sql, params).await? == 0 {
        return Ok(false);
    }
    audit::record(db, cause, &events::client_status(id, status)).await?;
    Ok(true)
}

async fn remove(db: &Connection, id: &ClientId, cause: &Cause) -> Verb<bool> {
    // Nobody else can write what refers to it from here on: no role, no code and no grant comes after those that are deleted.
    let sql = "SELECT client_id, owner FROM clients WHERE client_id = :id FOR UPDATE";
    let Some(owner) = owner(db, sql, id).await? else {
        return Ok(false);
    };
    events::may_change(id, owner)?;
    let sql = "SELECT EXISTS (SELECT 1 FROM roles r JOIN clients c ON c.client_key = r.client_key WHERE c.client_id = :id)";
    let has_roles: Option<bool> = rows::value(db, sql, params! { ":id": id.as_str() }).await?;
    // Before they are deleted: all verbs about roles lock the revision first.
    if has_roles == Some(true) {
        roles::changed(db).await?;
    }
    let sql = "DELETE FROM clients WHERE client_id = :id";
    rows::execute(db, sql, params! { ":id": id.as_str() }).await?;
    audit::record(db, cause, &events::client_removed(id)).await?;
    changed(db).await?;
    Ok(true)
}

/// What the store has of a client that the file names, or that is the file's.
struct Stored {
    owner: Owner,
    status: ClientStatus,
    /// As text: an older version may have written the same metadata in other words.
    metadata: String,
    secret: Option<Digest>,
}

async fn apply_file(db: &Connection, command: &ApplyFileClients) -> Verb<()> {
    // Nodes that start at once apply it one after the other. Only they write clients of the file, so none of these changes meanwhile.
    let sql = "SELECT revision FROM client_revision WHERE one = 1 FOR NO KEY UPDATE";
    rows::execute(db, sql, params! {}).await?;
    let stored = stored(db, command).await?;
    let mut any = false;
    for client in &command.clients {
        any |= apply(db, client, stored.get(client.id()), &command.cause).await?;
    }
    // D19: a client removed from the file is disabled, not deleted.
    for (id, known) in &stored {
        let in_file = command.clients.iter().any(|c| c.id() == id);
        if !in_file && known.status != ClientStatus::Disabled {
            any |= set_status(db, id, ClientStatus::Disabled, &command.cause).await?;
        }
    }
    match any {
        true => changed(db).await,
        false => Ok(()),
    }
}

async fn stored(db: &Connection, command: &ApplyFileClients) -> Verb<BTreeMap<ClientId, Stored>> {
    let sql = "SELECT client_id, metadata, secret_hash, status, owner FROM clients
               WHERE owner = 'file' OR client_id = ANY(:ids)";
    let ids: Vec<&str> = command.clients.iter().map(|c| c.id().as_str()).collect();
    let found = rows::all(db, sql, params! { ":ids": ids }, |row| {
        let mut f = Fields::new(row, "clients", 0);
        let id = f.parse("client_id", ClientId::parse)?;
        let stored = Stored {
            metadata: f.get("metadata")?,
            secret: f.digest_opt("secret_hash")?,
            status: f.word("status")?,
            owner: f.word("owner")?,
        };
        Ok((id, stored))
    })
    .await?;
    Ok(found.into_iter().collect())
}

/// Writes a client of the file, and enables it. Whether that changed anything.
async fn apply(
    db: &Connection,
    client: &Client,
    stored: Option<&Stored>,
    cause: &Cause,
) -> Verb<bool> {
    let id = client.id();
    events::is_new_in_file(id, stored.map(|s| s.owner))?;
    let (entry, status) = match stored {
        None => {
            insert(db, client).await?;
            (Some(events::client_added(id)), client.status())
        }
        Some(stored) => {
            let updated = update(db, client, stored).await?;
            (updated.then(|| events::client_changed(id)), stored.status)
        }
    };
    if let Some(entry) = &entry {
        audit::record(db, cause, entry).await?;
    }
    let is_enabled = status == ClientStatus::Enabled;
    let enabled = !is_enabled && set_status(db, id, ClientStatus::Enabled, cause).await?;
    Ok(entry.is_some() || enabled)
}

/// RFC 7523 §3, point 7: a `jti` counts once.
async fn use_assertion(db: &Connection, command: &UseAssertion) -> Verb<bool> {
    let sql = "INSERT INTO assertions (client_id, jti_hash, expires_at) VALUES (:client, :jti, :expires) ON CONFLICT DO NOTHING";
    let params = params! {
        ":client": command.client_id.as_str(),
        ":jti": command.jti.as_bytes(),
        ":expires": command.expires_at.as_millisecond(),
    };
    Ok(rows::execute(db, sql, params).await? == 1)
}
