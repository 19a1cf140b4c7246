//! Changes that were computed from one reading: the second one is refused (D4).

use cardea_protocol::model::*;
use cardea_seal::Digest;

use super::sample::*;
use crate::*;

const SECRET: AuthMethod = AuthMethod::ClientSecretBasic;

pub fn changed(before: Client) -> ClientChange {
    ClientChange::Change(Box::new(before))
}

pub fn new_secret(before: Client) -> ClientChange {
    ClientChange::Secret(Box::new(before))
}

fn refused<T>() -> Result<T> {
    Err(conflict(Constraint::ChangedMeanwhile))
}

fn confidential(id: &str, name: &str, secret: &[u8]) -> Client {
    let metadata = ClientMetadata {
        client_name: Some(name.to_owned()),
        token_endpoint_auth_method: SECRET,
        ..metadata(id)
    };
    let (status, secret) = (ClientStatus::Enabled, Some(Digest::of(secret)));
    Client::restore(metadata, secret, status, Owner::Store, at(0)).unwrap()
}

/// `app` as it was read, and a neighbour with the same values.
async fn clients(store: &AnyStore) -> Client {
    for id in ["app", "neighbour"] {
        let new = confidential(id, "Old", b"old");
        let added = store.put_client(put(new, ClientChange::Add, 0)).await;
        assert_eq!(added, Ok(true));
    }
    stored(store, "app").await
}

async fn stored(store: &AnyStore, id: &str) -> Client {
    let id = ClientId::parse(id).unwrap();
    store.client(&id).await.unwrap().unwrap()
}

async fn assert_neighbour_untouched(store: &AnyStore) {
    let neighbour = stored(store, "neighbour").await;
    let secret = neighbour.secret_hash();
    assert_eq!(
        (neighbour.name(), secret),
        ("Old", Some(Digest::of(b"old")))
    );
}

pub async fn a_new_secret_survives_a_change_computed_before_it(store: AnyStore) {
    let read = clients(&store).await;
    let rotated = read.clone().with_secret(Digest::of(b"new"));
    let rotate = put(rotated, new_secret(read.clone()), 1);
    assert_eq!(store.put_client(rotate).await, Ok(true));

    let renamed = confidential("app", "New", b"old");
    let rename = put(renamed.clone(), changed(read.clone()), 2);
    assert_eq!(store.put_client(rename).await, refused());
    let rotate = put(renamed.clone(), new_secret(read), 2);
    assert_eq!(store.put_client(rotate).await, refused());
    let found = stored(&store, "app").await;
    let secret = found.secret_hash();
    assert_eq!((found.name(), secret), ("Old", Some(Digest::of(b"new"))));

    let again = put(confidential("app", "New", b"new"), changed(found), 3);
    assert_eq!(store.put_client(again).await, Ok(true));
    let found = stored(&store, "app").await;
    let secret = found.secret_hash();
    assert_eq!((found.name(), secret), ("New", Some(Digest::of(b"new"))));
    assert_neighbour_untouched(&store).await;
    let expected = [
        AuditEvent::ClientAdded,
        AuditEvent::ClientAdded,
        AuditEvent::ClientSecretChanged,
        AuditEvent::ClientChanged,
    ];
    assert_eq!(
        events(&store).await,
        expected,
        "a refused change is no event"
    );
}

pub async fn a_secret_is_not_given_to_a_client_that_changed(store: AnyStore) {
    let read = clients(&store).await;
    let public = client("app");
    let to_public = put(public, changed(read.clone()), 1);
    assert_eq!(store.put_client(to_public).await, Ok(true));
    let rotated = read.clone().with_secret(Digest::of(b"new"));
    let rotate = put(rotated, new_secret(read), 2);
    assert_eq!(store.put_client(rotate).await, refused());
    assert_eq!(stored(&store, "app").await.secret_hash(), None);
    assert_neighbour_untouched(&store).await;
}

pub async fn a_change_is_compared_with_its_own_client(store: AnyStore) {
    let app = clients(&store).await;
    for id in ["neighbour", "app"] {
        let rename = put(
            confidential(id, "New", b"old"),
            changed(stored(&store, id).await),
            1,
        );
        assert_eq!(store.put_client(rename).await, Ok(true), "{id}");
        assert_eq!(stored(&store, id).await.name(), "New");
    }
    let late = put(confidential("app", "Late", b"old"), changed(app), 2);
    assert_eq!(store.put_client(late).await, refused());
}

pub async fn a_removed_redirect_uri_stays_removed(store: AnyStore) {
    let with = |name: &str, uris: &[&str]| {
        let metadata = ClientMetadata {
            client_name: Some(name.to_owned()),
            redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
            ..metadata("spa")
        };
        Client::register(metadata, Owner::Store, at(0)).unwrap()
    };
    let (kept, removed) = ("https://app.example/callback", "https://old.example/cb");
    let add = put(with("Old", &[kept, removed]), ClientChange::Add, 0);
    assert_eq!(store.put_client(add).await, Ok(true));
    let read = stored(&store, "spa").await;
    let remove = put(with("Old", &[kept]), changed(read.clone()), 1);
    assert_eq!(store.put_client(remove).await, Ok(true));
    let rename = put(with("New", &[kept, removed]), changed(read), 2);
    assert_eq!(store.put_client(rename).await, refused());
    let found = stored(&store, "spa").await;
    assert_eq!(found.metadata().redirect_uris, [kept]);
}

pub async fn of_20_parallel_changes_of_a_client_one_is_made(store: AnyStore) {
    let read = clients(&store).await;
    let outcomes = race(|i| {
        let (store, read) = (store.clone(), read.clone());
        async move {
            let command = match i % 2 {
                0 => {
                    let secret = Digest::of(&i.to_be_bytes());
                    put(read.clone().with_secret(secret), new_secret(read), 1)
                }
                _ => {
                    let renamed = confidential("app", &format!("Name {i}"), b"old");
                    put(renamed, changed(read), 1)
                }
            };
            store.put_client(command).await
        }
    })
    .await;
    let made = outcomes.iter().filter(|o| **o == Ok(true)).count();
    let late = outcomes.iter().filter(|o| **o == refused()).count();
    assert_eq!((made, late), (1, 19), "{outcomes:?}");
    assert_neighbour_untouched(&store).await;
}

pub async fn a_client_removed_and_added_again_is_another(store: AnyStore) {
    let read = clients(&store).await;
    let removed = store.remove_client(read.id().clone(), cause(1));
    assert_eq!(removed.await, Ok(true));
    let rename = || {
        let renamed = confidential("app", "New", b"old");
        put(renamed, changed(read.clone()), 2)
    };
    assert_eq!(store.put_client(rename()).await, Ok(false));
    let metadata = read.metadata().clone();
    let (status, owner) = (ClientStatus::Enabled, Owner::Store);
    let same = Client::restore(metadata, read.secret_hash(), status, owner, at(2)).unwrap();
    let added = store.put_client(put(same, ClientChange::Add, 2)).await;
    assert_eq!(added, Ok(true));
    assert_eq!(store.put_client(rename()).await, refused());
    assert_eq!(stored(&store, "app").await.name(), "Old");
}

/// Alice as she was read, and Bob.
async fn users(store: &AnyStore) -> User {
    for name in ["alice", "bob"] {
        let command = AddUser {
            user: user(name),
            password_hash: password(),
            cause: cause(0),
        };
        store.add_user(command).await.unwrap();
    }
    read(store, "alice").await
}

async fn read(store: &AnyStore, name: &str) -> User {
    let subject = user(name).subject;
    store.user(&subject).await.unwrap().unwrap()
}

fn update(before: &User, update: UserUpdate) -> UserChange {
    UserChange {
        subject: before.subject.clone(),
        update: UserUpdate {
            before: Some(Box::new(before.clone())),
            ..update
        },
        cause: cause(1),
    }
}

fn roles(roles: &[&str]) -> UserUpdate {
    UserUpdate {
        roles: Some(roles.iter().map(|role| (*role).to_owned()).collect()),
        ..UserUpdate::default()
    }
}

async fn assert_bob_untouched(store: &AnyStore) {
    let (bob, new) = (read(store, "bob").await, user("bob"));
    assert_eq!(
        (bob.email, bob.email_verified, bob.roles, bob.claims),
        (new.email, new.email_verified, new.roles, new.claims)
    );
    assert_eq!(bob.updated_at, at(0));
}

pub async fn a_removed_role_stays_removed(store: AnyStore) {
    let alice = users(&store).await;
    let remove = update(&alice, roles(&[]));
    assert_eq!(store.change_user(remove).await, Ok(true));
    let add = || update(&alice, roles(&["user", "viewer"]));
    assert_eq!(store.change_user(add()).await, refused());
    assert!(read(&store, "alice").await.roles.is_empty());
    let again = update(&read(&store, "alice").await, roles(&["viewer"]));
    assert_eq!(store.change_user(again).await, Ok(true));
    assert_eq!(read(&store, "alice").await.roles, ["viewer"]);
    assert_bob_untouched(&store).await;
    let changes = events(&store).await.split_off(2);
    assert_eq!(changes, [AuditEvent::UserChanged, AuditEvent::UserChanged]);
    let removed = store.remove_user(alice.subject.clone(), cause(2));
    assert_eq!(removed.await, Ok(true));
    assert_eq!(store.change_user(add()).await, Ok(false));
}

pub async fn of_two_equal_users_one_is_changed(store: AnyStore) {
    users(&store).await;
    for name in ["bob", "alice"] {
        let without_address = UserUpdate {
            email: Some(None),
            ..UserUpdate::default()
        };
        let change = update(&read(&store, name).await, without_address);
        assert_eq!(store.change_user(change).await, Ok(true));
    }
    for (name, role) in [("bob", "first"), ("bob", "second"), ("alice", "third")] {
        let change = update(&read(&store, name).await, roles(&[role]));
        assert_eq!(store.change_user(change).await, Ok(true), "{role}");
        assert_eq!(read(&store, name).await.roles, [role]);
    }
}

pub async fn a_new_address_is_not_verified_by_a_change_computed_before_it(store: AnyStore) {
    let alice = users(&store).await;
    let of = |email: &str, verified| UserUpdate {
        email: Some(Some((email.to_owned(), verified))),
        ..UserUpdate::default()
    };
    let new = update(&alice, of("new@example.test", false));
    assert_eq!(store.change_user(new).await, Ok(true));
    let verify = update(&alice, of("alice@example.test", true));
    assert_eq!(store.change_user(verify).await, refused());
    let claims = UserUpdate {
        claims: Some([("quota".to_owned(), serde_json::json!(1.5e300))].into()),
        ..UserUpdate::default()
    };
    assert_eq!(store.change_user(update(&alice, claims)).await, refused());
    let found = read(&store, "alice").await;
    assert_eq!(found.email.as_deref(), Some("new@example.test"));
    assert!(!found.email_verified);
    assert_eq!(found.claims, alice.claims);
    assert_bob_untouched(&store).await;
}

pub async fn of_20_parallel_changes_of_a_user_one_is_made(store: AnyStore) {
    let alice = users(&store).await;
    let outcomes = race(|i| {
        let (store, alice) = (store.clone(), alice.clone());
        async move {
            let change = update(&alice, roles(&["user", &format!("role{i}")]));
            store.change_user(change).await
        }
    })
    .await;
    let made = outcomes.iter().filter(|o| **o == Ok(true)).count();
    let late = outcomes.iter().filter(|o| **o == refused()).count();
    assert_eq!((made, late), (1, 19), "{outcomes:?}");
    assert_eq!(read(&store, "alice").await.roles.len(), 2);
    assert_bob_untouched(&store).await;
}

pub async fn a_change_of_a_user_is_not_refused_for_what_it_does_not_depend_on(store: AnyStore) {
    let alice = users(&store).await;
    let failure = store.record_login_failure(alice.subject.clone(), None, cause(1));
    failure.await.unwrap();
    for other in [
        UserUpdate {
            status: Some(UserStatus::Disabled),
            ..UserUpdate::default()
        },
        UserUpdate {
            password_hash: password(),
            ..UserUpdate::default()
        },
    ] {
        let change = UserChange {
            subject: alice.subject.clone(),
            update: other,
            cause: cause(1),
        };
        assert_eq!(store.change_user(change).await, Ok(true));
    }
    let change = update(&alice, roles(&["viewer"]));
    assert_eq!(store.change_user(change).await, Ok(true));
    let found = read(&store, "alice").await;
    assert_eq!(found.roles, ["viewer"]);
    assert_eq!(found.status, UserStatus::Disabled);
}
