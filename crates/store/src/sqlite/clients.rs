//! Clients and their assertions.

use async_trait::async_trait;
use cardea_protocol::model::{Cause, Client, ClientId, ClientMetadata, ClientStatus, Owner};
use cardea_seal::Digest;
use rusqlite::{Connection, Row, named_params};

use super::{
    SqliteStore, audit,
    fault::Verb,
    rows::{self, Fields},
};
use crate::{
    ApplyFileClients, ClientChange, Clients, Constraint, Page, PutClient, Result, Rows, StoreError,
    UseAssertion, events,
};

macro_rules! columns {
    () => {
        "client_id, metadata, secret_hash, status, owner, created_at"
    };
}

/// The last audit row of a change: it is written in the transaction of the change. Each part is one step in one index, which has no
/// logins and is not used unless the condition says so.
const REVISION: &str = "SELECT max(
    coalesce((SELECT max(id) FROM audit WHERE event = 'client_added' AND event <> 'login'), 0),
    coalesce((SELECT max(id) FROM audit WHERE event = 'client_changed' AND event <> 'login'), 0),
    coalesce((SELECT max(id) FROM audit WHERE event = 'client_disabled' AND event <> 'login'), 0),
    coalesce((SELECT max(id) FROM audit WHERE event = 'client_enabled' AND event <> 'login'), 0),
    coalesce((SELECT max(id) FROM audit WHERE event = 'client_removed' AND event <> 'login'), 0))";

#[async_trait]
impl Clients for SqliteStore {
    async fn client(&self, id: &ClientId) -> Result<Option<Client>> {
        self.read(|db| find(db, id))
    }

    async fn clients(&self, page: Page<ClientId>) -> Result<Rows<Client, ClientId>> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM clients WHERE client_id > ? ORDER BY client_id LIMIT ?"
        );
        let (limit, read) = rows::limits(&page);
        let after = page.after.as_ref().map_or("", ClientId::as_str);
        let found = self.read(|db| {
            rows::all(db, sql, (after, read), |row| {
                let client = decode(row)?;
                Ok((client.id().clone(), client))
            })
        })?;
        Ok(rows::page(found, limit))
    }

    async fn clients_revision(&self) -> Result<i64> {
        let revision = self.read(|db| rows::value(db, REVISION, []))?;
        Ok(revision.unwrap_or(0))
    }

    async fn visit_enabled_clients(
        &self,
        visit: &mut (dyn for<'c> FnMut(&'c Client) + Send),
    ) -> Result<()> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM clients WHERE status = 'enabled'"
        );
        let read = |row: &Row<'_>| {
            visit(&decode(row)?);
            Ok(())
        };
        self.read(|db| rows::all(db, sql, [], read)).map(drop)
    }

    async fn put_client(&self, command: PutClient) -> Result<bool> {
        self.write(move |tx| put(tx, &command)).await
    }

    async fn set_client_status(
        &self,
        id: ClientId,
        status: ClientStatus,
        cause: Cause,
    ) -> Result<bool> {
        self.write(move |tx| {
            let Some(owner) = owner(tx, &id)? else {
                return Ok(false);
            };
            events::may_change(&id, owner)?;
            set_status(tx, &id, status, &cause)?;
            Ok(true)
        })
        .await
    }

    async fn remove_client(&self, id: ClientId, cause: Cause) -> Result<bool> {
        self.write(move |tx| remove(tx, &id, &cause)).await
    }

    async fn apply_file_clients(&self, command: ApplyFileClients) -> Result<()> {
        self.write(move |tx| apply_file(tx, &command)).await
    }

    async fn use_assertion(&self, command: UseAssertion) -> Result<bool> {
        self.write(move |tx| use_assertion(tx, &command)).await
    }
}

fn find(db: &Connection, id: &ClientId) -> Verb<Option<Client>> {
    let sql = concat!("SELECT ", columns!(), " FROM clients WHERE client_id = ?");
    rows::first(db, sql, [id.as_str()], |row| Ok(decode(row)?))
}

fn decode(row: &Row<'_>) -> Result<Client> {
    let mut f = Fields::new(row, "clients", 0);
    let _id: String = f.get("client_id")?;
    let metadata: ClientMetadata = f.json("metadata")?;
    let secret = f
        .get::<Option<[u8; 32]>>("secret_hash")?
        .map(Digest::from_bytes);
    let status = f.word("status")?;
    let owner = f.word("owner")?;
    let created_at = f.time("created_at")?;
    Client::restore(metadata, secret, status, owner, created_at)
        .map_err(|e| f.corrupt("metadata", e))
}

fn owner(tx: &Connection, id: &ClientId) -> Verb<Option<Owner>> {
    let sql = "SELECT client_id, owner FROM clients WHERE client_id = ?";
    rows::first(tx, sql, [id.as_str()], |row| {
        let mut f = Fields::new(row, "clients", 0);
        let _id: String = f.get("client_id")?;
        Ok(f.word("owner")?)
    })
}

fn put(tx: &Connection, command: &PutClient) -> Verb<bool> {
    let id = command.client.id();
    if !events::may_put(command, owner(tx, id)?)? {
        return Ok(false);
    }
    match &command.change {
        ClientChange::Add => insert(tx, &command.client)?,
        ClientChange::Change(before) => {
            let metadata = rows::to_json(command.client.metadata())?;
            change(tx, before, Some(&metadata), &command.client)?;
        }
        ClientChange::Secret(before) => change(tx, before, None, &command.client)?,
    }
    let entry = events::client_put(id, &command.change);
    audit::record(tx, &command.cause, &entry)?;
    Ok(true)
}

fn insert(tx: &Connection, client: &Client) -> Verb<()> {
    rows::execute(
        tx,
        "INSERT INTO clients (client_id, owner, status, secret_hash, metadata, created_at)
         VALUES (:id, :owner, :status, :secret, :metadata, :created)",
        named_params! {
            ":id": client.id().as_str(),
            ":owner": rows::to_word(client.owner())?,
            ":status": rows::to_word(client.status())?,
            ":secret": client.secret_hash().as_ref().map(Digest::as_bytes),
            ":metadata": rows::to_json(client.metadata())?,
            ":created": client.created_at().as_millisecond(),
        },
    )
    .map(drop)
}

/// D4: written only if metadata and secret are those of `before`. Without new metadata those stay, and a secret that is the
/// same as before is not written.
fn change(tx: &Connection, before: &Client, metadata: Option<&str>, after: &Client) -> Verb<()> {
    let sql = concat!("SELECT ", columns!(), " FROM clients WHERE client_id = ?");
    let stored = rows::first(tx, sql, [after.id().as_str()], |row| {
        let text: String = row.get("metadata")?;
        Ok((decode(row)?, text))
    })?;
    let meanwhile = || StoreError::conflict(Constraint::ChangedMeanwhile);
    let (stored, text) = stored.ok_or_else(meanwhile)?;
    events::client_may_follow(before, &stored)?;
    let secret = after.secret_hash();
    // The text that was compared: an older version may have written the same metadata in other words.
    let written = rows::execute(
        tx,
        "UPDATE clients SET metadata = coalesce(:metadata, metadata),
                            secret_hash = iif(:other_secret, :secret, secret_hash)
         WHERE client_id = :id AND metadata = :old_metadata AND secret_hash IS :old_secret",
        named_params! {
            ":id": after.id().as_str(),
            ":metadata": metadata,
            ":secret": secret.as_ref().map(Digest::as_bytes),
            ":other_secret": secret != before.secret_hash(),
            ":old_metadata": text,
            ":old_secret": before.secret_hash().as_ref().map(Digest::as_bytes),
        },
    )?;
    match written {
        1 => Ok(()),
        _ => Err(meanwhile().into()),
    }
}

/// Metadata and secret. The status is written only by [`set_status`], so that no change enables a client by accident.
fn update(tx: &Connection, client: &Client) -> Verb<u64> {
    rows::execute(
        tx,
        "UPDATE clients SET metadata = :metadata, secret_hash = :secret
         WHERE client_id = :id AND (metadata, secret_hash) IS NOT (:metadata, :secret)",
        named_params! {
            ":id": client.id().as_str(),
            ":metadata": rows::to_json(client.metadata())?,
            ":secret": client.secret_hash().as_ref().map(Digest::as_bytes),
        },
    )
}

/// Audited only when it changes something.
fn set_status(tx: &Connection, id: &ClientId, status: ClientStatus, cause: &Cause) -> Verb<()> {
    let sql = "UPDATE clients SET status = :status WHERE client_id = :id AND status <> :status";
    let params = named_params! { ":id": id.as_str(), ":status": rows::to_word(status)? };
    if rows::execute(tx, sql, params)? == 0 {
        return Ok(());
    }
    audit::record(tx, cause, &events::client_status(id, status))
}

fn remove(tx: &Connection, id: &ClientId, cause: &Cause) -> Verb<bool> {
    let Some(owner) = owner(tx, id)? else {
        return Ok(false);
    };
    events::may_change(id, owner)?;
    rows::execute(tx, "DELETE FROM clients WHERE client_id = ?", [id.as_str()])?;
    audit::record(tx, cause, &events::client_removed(id))?;
    Ok(true)
}

fn apply_file(tx: &Connection, command: &ApplyFileClients) -> Verb<()> {
    for client in &command.clients {
        let id = client.id();
        let written = match events::is_new_in_file(id, owner(tx, id)?)? {
            true => insert(tx, client).map(|()| Some(events::client_added(id)))?,
            false => (update(tx, client)? > 0).then(|| events::client_changed(id)),
        };
        if let Some(entry) = written {
            audit::record(tx, &command.cause, &entry)?;
        }
        set_status(tx, id, ClientStatus::Enabled, &command.cause)?;
    }
    let sql = "SELECT client_id FROM clients WHERE owner = 'file'";
    let known = rows::all(tx, sql, [], |row| {
        Ok(Fields::new(row, "clients", 0).parse("client_id", ClientId::parse)?)
    })?;
    // D19: a client removed from the file is disabled, not deleted.
    for id in known
        .iter()
        .filter(|id| command.clients.iter().all(|c| c.id() != *id))
    {
        set_status(tx, id, ClientStatus::Disabled, &command.cause)?;
    }
    Ok(())
}

/// RFC 7523 §3, point 7: a `jti` counts once.
fn use_assertion(tx: &Connection, command: &UseAssertion) -> Verb<bool> {
    let sql = "INSERT INTO assertions (client_id, jti_hash, expires_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    let expires_at = command.expires_at.as_millisecond();
    let inserted = rows::execute(
        tx,
        sql,
        (
            command.client_id.as_str(),
            command.jti.as_bytes(),
            expires_at,
        ),
    )?;
    Ok(inserted == 1)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::sqlite::open;

    /// It is asked each second: a look through the audit would keep requests waiting.
    #[test]
    fn the_revision_is_found_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let mut opened = open::open(&folder.path().join("cardea.db")).unwrap();
        opened.migrate(true).unwrap();
        let mut plan = opened
            .writer
            .prepare(&format!("EXPLAIN QUERY PLAN {REVISION}"))
            .unwrap();
        let steps = plan.query_map([], |row| row.get::<_, String>(3)).unwrap();
        let steps: Vec<_> = steps.map(rusqlite::Result::unwrap).collect();
        let indexed = |step: &&String| step.contains("USING COVERING INDEX audit_by_event");
        assert_eq!(steps.iter().filter(indexed).count(), 5, "{steps:?}");
        assert!(
            !steps.iter().any(|step| step.contains("SCAN audit")),
            "{steps:?}"
        );
    }
}
