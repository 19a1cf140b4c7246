use cardea_protocol::model::*;

use super::sample::*;
use crate::*;

pub async fn rows_are_filtered_and_paged(store: AnyStore) {
    let world = World::new(store).await;
    world
        .store
        .add_user(AddUser {
            user: user("bob"),
            password_hash: password(),
            cause: cause(5),
        })
        .await
        .unwrap();
    let of = |filter| async { world.store.audit(filter, page()).await.unwrap() };

    let all = of(AuditFilter::default()).await;
    assert_eq!(
        all.iter().map(|row| row.event).collect::<Vec<_>>(),
        [
            AuditEvent::UserAdded,
            AuditEvent::Login,
            AuditEvent::ClientAdded,
            AuditEvent::UserAdded
        ],
        "the youngest first"
    );
    assert!(all.windows(2).all(|pair| pair[0].id > pair[1].id));
    let first = &all[0];
    assert_eq!(
        (first.at, first.request_id.as_str()),
        (at(5), "ABCDEFGHJKMN")
    );
    assert_eq!(
        (first.address, first.user_agent.as_deref()),
        (cause(0).address, Some("test"))
    );
    assert_eq!(first.subject, Some(user("bob").subject));

    let (alice, spa) = (&world.alice.subject, world.spa.id());
    let filters = [
        (Some(alice), None, None, 2),
        (None, Some(spa), None, 1),
        (None, None, Some(AuditEvent::Login), 1),
        (Some(alice), None, Some(AuditEvent::Login), 1),
        (Some(alice), Some(spa), Some(AuditEvent::Login), 0),
    ];
    for (subject, client_id, event, expected) in filters {
        let (subject, client_id) = (subject.cloned(), client_id.cloned());
        let filter = AuditFilter {
            subject,
            client_id,
            event,
        };
        assert_eq!(of(filter.clone()).await.len(), expected, "{filter:?}");
    }
    let second = world
        .store
        .audit(
            AuditFilter::default(),
            Page {
                limit: 1,
                offset: 1,
            },
        )
        .await
        .unwrap();
    assert_eq!(second, all[1..2]);
}

pub async fn every_actor_survives(store: AnyStore) {
    let actors = [
        Actor::Stranger,
        Actor::Person(user("alice").subject),
        Actor::Client(client("spa").id().clone()),
        Actor::Operator("root".to_owned()),
        Actor::System,
    ];
    for (n, actor) in actors.iter().enumerate() {
        let cause = Cause {
            actor: actor.clone(),
            address: None,
            user_agent: None,
            ..cause(0)
        };
        store
            .add_user(AddUser {
                user: user(&format!("user{n}")),
                password_hash: password(),
                cause,
            })
            .await
            .unwrap();
    }
    let rows = store.audit(AuditFilter::default(), page()).await.unwrap();
    assert!(rows.iter().rev().map(|row| &row.actor).eq(&actors));
    assert!(
        rows.iter()
            .all(|row| row.address.is_none() && row.user_agent.is_none())
    );
}
