use cardea_protocol::model::*;
use cardea_seal::Digest;

use super::{
    lost_updates::{changed, new_secret},
    sample::*,
};
use crate::*;

async fn find(store: &AnyStore, id: &str) -> Option<Client> {
    store.client(client(id).id()).await.unwrap()
}

fn json(client: &Client) -> String {
    serde_json::to_string(client.metadata()).unwrap()
}

pub async fn a_client_survives(store: AnyStore) {
    let secret = Digest::of(b"0123456789abcdef0123456789abcdef");
    let confidential = ClientMetadata {
        token_endpoint_auth_method: AuthMethod::ClientSecretPost,
        ..metadata("web")
    };
    let web = Client::restore(
        confidential,
        Some(secret),
        ClientStatus::Enabled,
        Owner::Store,
        at(3),
    )
    .unwrap();
    store
        .put_client(put(client("spa"), ClientChange::Add, 0))
        .await
        .unwrap();
    store
        .put_client(put(web.clone(), ClientChange::Add, 0))
        .await
        .unwrap();

    let found = find(&store, "web").await.unwrap();
    assert_eq!(json(&found), json(&web));
    assert_eq!(found.secret_hash(), Some(secret));
    assert_eq!(
        (found.status(), found.owner(), found.created_at()),
        (ClientStatus::Enabled, Owner::Store, at(3))
    );
    assert!(find(&store, "nobody").await.is_none());
    let ids = |clients: Vec<Client>| {
        clients
            .iter()
            .map(|c| c.id().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(store.clients(page()).await.unwrap().items),
        ["spa", "web"]
    );
}

pub async fn a_taken_id_is_a_conflict(store: AnyStore) {
    assert!(
        store
            .put_client(put(client("spa"), ClientChange::Add, 0))
            .await
            .unwrap()
    );
    let again = store
        .put_client(put(client("spa"), ClientChange::Add, 0))
        .await;
    assert_eq!(again, Err(conflict(Constraint::ClientId)));
    assert_eq!(events(&store).await, [AuditEvent::ClientAdded]);
}

pub async fn a_missing_client_is_not_changed(store: AnyStore) {
    assert!(
        !store
            .put_client(put(client("spa"), changed(client("spa")), 0))
            .await
            .unwrap()
    );
    assert!(
        !store
            .put_client(put(client("spa"), new_secret(client("spa")), 0))
            .await
            .unwrap()
    );
    let id = client("spa").id().clone();
    assert!(
        !store
            .set_client_status(id.clone(), ClientStatus::Disabled, cause(0))
            .await
            .unwrap()
    );
    assert!(!store.remove_client(id, cause(0)).await.unwrap());
    assert!(events(&store).await.is_empty());
}

pub async fn a_change_keeps_the_status(store: AnyStore) {
    store
        .put_client(put(client("spa"), ClientChange::Add, 0))
        .await
        .unwrap();
    let id = client("spa").id().clone();
    assert!(
        store
            .set_client_status(id.clone(), ClientStatus::Disabled, cause(1))
            .await
            .unwrap()
    );
    assert!(
        store
            .set_client_status(id, ClientStatus::Disabled, cause(1))
            .await
            .unwrap(),
        "it is there"
    );
    let renamed = ClientMetadata {
        client_name: Some("New".to_owned()),
        ..metadata("spa")
    };
    let renamed = Client::register(renamed, Owner::Store, at(2)).unwrap();
    assert!(
        store
            .put_client(put(renamed, changed(client("spa")), 2))
            .await
            .unwrap()
    );
    let found = find(&store, "spa").await.unwrap();
    assert_eq!(
        (found.name(), found.status()),
        ("New", ClientStatus::Disabled)
    );
    let expected = [
        AuditEvent::ClientAdded,
        AuditEvent::ClientDisabled,
        AuditEvent::ClientChanged,
    ];
    assert_eq!(
        events(&store).await,
        expected,
        "a status that was so already is no row"
    );
}

pub async fn a_new_secret_changes_nothing_else(store: AnyStore) {
    let of = |name: &str, secret: &[u8]| {
        let metadata = ClientMetadata {
            client_name: Some(name.to_owned()),
            token_endpoint_auth_method: AuthMethod::ClientSecretBasic,
            ..metadata("web")
        };
        Client::restore(
            metadata,
            Some(Digest::of(secret)),
            ClientStatus::Enabled,
            Owner::Store,
            at(0),
        )
        .unwrap()
    };
    store
        .put_client(put(of("Old", b"1"), ClientChange::Add, 0))
        .await
        .unwrap();
    let neighbour = ClientMetadata {
        token_endpoint_auth_method: AuthMethod::ClientSecretBasic,
        ..metadata("neighbour")
    };
    let secret = Some(Digest::of(b"3"));
    let (enabled, owner) = (ClientStatus::Enabled, Owner::Store);
    let neighbour = Client::restore(neighbour, secret, enabled, owner, at(0)).unwrap();
    store
        .put_client(put(neighbour, ClientChange::Add, 0))
        .await
        .unwrap();
    assert!(
        store
            .put_client(put(of("New", b"2"), new_secret(of("Old", b"1")), 0))
            .await
            .unwrap()
    );
    let found = find(&store, "web").await.unwrap();
    assert_eq!(
        (found.name(), found.secret_hash()),
        ("Old", Some(Digest::of(b"2")))
    );
    let neighbour = find(&store, "neighbour").await.unwrap();
    assert_eq!(neighbour.secret_hash(), secret);
    assert_eq!(
        events(&store).await,
        [
            AuditEvent::ClientAdded,
            AuditEvent::ClientAdded,
            AuditEvent::ClientSecretChanged
        ]
    );
}

async fn apply(store: &AnyStore, ids: &[&str]) -> Result<()> {
    let clients = ids.iter().map(|id| client_of(id, Owner::File)).collect();
    store
        .apply_file_clients(ApplyFileClients {
            clients,
            cause: cause(0),
        })
        .await
}

pub async fn the_file_owns_its_clients(store: AnyStore) {
    apply(&store, &["spa"]).await.unwrap();
    let id = client("spa").id().clone();
    let of_file = |id: &ClientId| Err(conflict(Constraint::ClientOfFile(id.clone())));
    for (change, expected) in [
        (ClientChange::Add, Err(conflict(Constraint::ClientId))),
        (changed(client("spa")), of_file(&id)),
        (new_secret(client("spa")), of_file(&id)),
    ] {
        let outcome = store.put_client(put(client("spa"), change, 0)).await;
        assert_eq!(outcome, expected);
    }
    let new = client_of("new", Owner::File);
    let added = store.put_client(put(new.clone(), ClientChange::Add, 0));
    assert_eq!(added.await, of_file(new.id()));
    let disabled = store.set_client_status(id.clone(), ClientStatus::Disabled, cause(0));
    assert_eq!(disabled.await, of_file(&id));
    assert_eq!(
        store.remove_client(id.clone(), cause(0)).await,
        of_file(&id)
    );
    assert!(find(&store, "spa").await.unwrap().is_enabled());
}

pub async fn applying_the_file_twice_writes_once(store: AnyStore) {
    apply(&store, &["spa", "web"]).await.unwrap();
    apply(&store, &["spa", "web"]).await.unwrap();
    assert_eq!(
        events(&store).await,
        [AuditEvent::ClientAdded, AuditEvent::ClientAdded]
    );
}

pub async fn the_revision_changes_with_each_change_of_a_client(store: AnyStore) {
    let mut seen = vec![store.clients_revision().await.unwrap()];
    let id = client("spa").id().clone();
    for step in 0..5 {
        match step {
            0 | 1 => {
                let change = [ClientChange::Add, changed(client("spa"))][step].clone();
                assert!(
                    store
                        .put_client(put(client("spa"), change, 0))
                        .await
                        .unwrap()
                );
            }
            2 | 3 => {
                let status = [ClientStatus::Disabled, ClientStatus::Enabled][step - 2];
                let set = store.set_client_status(id.clone(), status, cause(0));
                assert!(set.await.unwrap());
            }
            _ => assert!(store.remove_client(id.clone(), cause(0)).await.unwrap()),
        }
        let revision = store.clients_revision().await.unwrap();
        assert!(!seen.contains(&revision), "step {step}");
        seen.push(revision);
    }
    apply(&store, &["web"]).await.unwrap();
    let applied = store.clients_revision().await.unwrap();
    assert!(!seen.contains(&applied), "a client of the file");
    apply(&store, &["web"]).await.unwrap();
    let command = AddUser {
        user: user("alice"),
        password_hash: password(),
        cause: cause(0),
    };
    store.add_user(command).await.unwrap();
    let last = store.clients_revision().await.unwrap();
    assert_eq!(last, applied, "nothing about a client has changed");
}

pub async fn enabled_clients_are_visited(store: AnyStore) {
    for id in ["a", "b", "c"] {
        let add = put(client(id), ClientChange::Add, 0);
        assert!(store.put_client(add).await.unwrap());
    }
    let off = client("b").id().clone();
    let set = store.set_client_status(off, ClientStatus::Disabled, cause(0));
    assert!(set.await.unwrap());
    let mut seen = Vec::new();
    let mut visit = |client: &Client| seen.push(client.id().to_string());
    store.visit_enabled_clients(&mut visit).await.unwrap();
    seen.sort();
    assert_eq!(seen, ["a", "c"]);
}

pub async fn what_leaves_the_file_is_disabled(store: AnyStore) {
    store
        .put_client(put(client("own"), ClientChange::Add, 0))
        .await
        .unwrap();
    apply(&store, &["spa", "web"]).await.unwrap();
    apply(&store, &["web"]).await.unwrap();
    assert!(!find(&store, "spa").await.unwrap().is_enabled());
    assert!(find(&store, "web").await.unwrap().is_enabled());
    assert!(
        find(&store, "own").await.unwrap().is_enabled(),
        "the store's own are not the file's"
    );
    apply(&store, &["spa", "web"]).await.unwrap();
    assert!(find(&store, "spa").await.unwrap().is_enabled());
    let last = events(&store).await.split_off(3);
    assert_eq!(
        last,
        [AuditEvent::ClientDisabled, AuditEvent::ClientEnabled]
    );
}

pub async fn a_file_client_that_the_store_owns_stops_the_start(store: AnyStore) {
    store
        .put_client(put(client("spa"), ClientChange::Add, 0))
        .await
        .unwrap();
    let constraint = Constraint::ClientOfStore(client("spa").id().clone());
    assert_eq!(
        apply(&store, &["web", "spa"]).await,
        Err(conflict(constraint))
    );
    assert!(
        find(&store, "web").await.is_none(),
        "nothing of it was applied"
    );
}

pub async fn removing_a_client_removes_what_it_had(store: AnyStore) {
    let world = World::new(store).await;
    let grant = world.grant("first", OFFLINE, 0).await;
    let code = world.code("second", ONLINE, 0).await;
    assert!(
        world
            .store
            .remove_client(world.spa.id().clone(), cause(1))
            .await
            .unwrap()
    );
    assert_eq!(world.dead(&grant, 1).await, Some("the grant is gone"));
    assert!(world.store.code(code.hash, at(0)).await.unwrap().is_none());
    assert!(
        world
            .store
            .consents_of(&world.alice.subject)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        world
            .store
            .session(world.session.id, at(1))
            .await
            .unwrap()
            .is_some(),
        "the user stays logged in"
    );
    assert_eq!(
        world.events().await.last(),
        Some(&AuditEvent::ClientRemoved)
    );
}

pub async fn rows_added_or_removed_between_pages_repeat_and_hide_no_other(store: AnyStore) {
    let add = async |id: &str| {
        let command = put(client(id), ClientChange::Add, 0);
        assert!(store.put_client(command).await.unwrap());
    };
    for id in ["B", "b", "d", "f", "h"] {
        add(id).await;
    }
    let ids = async |after: Option<ClientId>| {
        let rows = store.clients(Page { limit: 2, after }).await.unwrap();
        let ids = rows.items.iter().map(|c| c.id().to_string());
        (ids.collect::<Vec<_>>(), rows.next)
    };
    let (first, next) = ids(None).await;
    assert_eq!(first, ["B", "b"]);
    let removed = store
        .remove_client(client("b").id().clone(), cause(1))
        .await;
    assert!(removed.unwrap());
    add("a").await;
    add("c").await;
    let (second, next) = ids(next).await;
    assert_eq!(second, ["c", "d"]);
    let (third, next) = ids(next).await;
    assert_eq!(third, ["f", "h"]);
    assert_eq!(next, None, "a full last page is the last one");
}
