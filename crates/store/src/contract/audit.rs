use cardea_protocol::model::*;

use super::sample::*;
use crate::*;

pub async fn rows_are_filtered(store: AnyStore) {
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
    let of = |filter| async { world.store.audit(filter, page()).await.unwrap().items };

    let all = of(AuditFilter::default()).await;
    assert_eq!(
        all.iter()
            .filter_map(|row| row.event.known())
            .collect::<Vec<_>>(),
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
            since: None,
        };
        assert_eq!(of(filter.clone()).await.len(), expected, "{filter:?}");
    }
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
    let rows = store
        .audit(AuditFilter::default(), page())
        .await
        .unwrap()
        .items;
    assert!(rows.iter().rev().map(|row| &row.actor).eq(&actors));
    assert!(
        rows.iter()
            .all(|row| row.address.is_none() && row.user_agent.is_none())
    );
}

async fn add(store: &AnyStore, name: &str, seconds: i64) {
    let command = AddUser {
        user: user(name),
        password_hash: None,
        cause: cause(seconds),
    };
    store.add_user(command).await.unwrap();
}

pub async fn rows_added_or_removed_between_pages_repeat_and_hide_no_other(store: AnyStore) {
    for n in 0..6 {
        add(&store, &format!("user{n}"), n).await;
    }
    let page = async |after| {
        let page = Page { limit: 2, after };
        let rows = store.audit(AuditFilter::default(), page).await.unwrap();
        let times = rows.items.iter().map(|row| row.at);
        (times.collect::<Vec<_>>(), rows.next)
    };
    let (first, next) = page(None).await;
    assert_eq!(first, [at(5), at(4)]);
    add(&store, "later", 6).await;
    let (second, next) = page(next).await;
    assert_eq!(second, [at(3), at(2)]);
    let (third, next) = page(next).await;
    assert_eq!(third, [at(1), at(0)]);
    assert_eq!(next, None, "a full last page is the last one");
}

pub async fn rows_before_a_clock_was_set_back_are_found(store: AnyStore) {
    // Wrong by ten days, twice.
    let times = [
        10 * DAY,
        10 * DAY + 1,
        5,
        6,
        10 * DAY + 2,
        7,
        10 * DAY + 3,
        8,
        9,
    ];
    for (n, seconds) in times.into_iter().enumerate() {
        add(&store, &format!("user{n}"), seconds).await;
    }
    let filter = AuditFilter {
        since: Some(at(10 * DAY)),
        ..AuditFilter::default()
    };
    let found = store.audit(filter, Page::first(100)).await.unwrap();
    let found: Vec<_> = found.items.iter().map(|row| row.at).collect();
    assert_eq!(found, [3, 2, 1, 0].map(|s| at(10 * DAY + s)));
}

pub async fn rows_of_the_last_days_are_found(store: AnyStore) {
    for day in 0..6 {
        add(&store, &format!("user{day}"), day * DAY).await;
    }
    let filter = AuditFilter {
        since: Some(at(3 * DAY)),
        ..AuditFilter::default()
    };
    let found = store.audit(filter, page()).await.unwrap();
    let found: Vec<_> = found.items.iter().map(|row| row.at).collect();
    assert_eq!(found, [5, 4, 3].map(|day| at(day * DAY)));
}

pub async fn rows_of_a_period_are_found_and_paged(store: AnyStore) {
    // The clock is set back between the third and the fourth row.
    for (n, seconds) in [1, 5, 9, 4, 6, 10].into_iter().enumerate() {
        add(&store, &format!("user{n}"), seconds).await;
    }
    for (since, expected) in [
        (0, vec![10, 6, 4, 9, 5, 1]),
        (5, vec![10, 6, 9, 5]),
        (6, vec![10, 6, 9]),
        (10, vec![10]),
        (11, vec![]),
    ] {
        let all = AuditFilter {
            since: Some(at(since)),
            ..AuditFilter::default()
        };
        let added = AuditFilter {
            event: Some(AuditEvent::UserAdded),
            ..all.clone()
        };
        for filter in [all, added] {
            let mut found = Vec::new();
            let mut page = Page::first(2);
            loop {
                let rows = store.audit(filter.clone(), page).await.unwrap();
                assert!(rows.next.is_none() || rows.items.len() == 2);
                found.extend(rows.items.iter().map(|row| row.at));
                match rows.next {
                    None => break,
                    after => page = Page { limit: 2, after },
                }
            }
            let expected: Vec<_> = expected.iter().map(|seconds| at(*seconds)).collect();
            assert_eq!(found, expected, "{filter:?}");
        }
    }
}
