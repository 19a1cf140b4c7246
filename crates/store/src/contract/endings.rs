//! What ends a session says what goes with it.

use cardea_protocol::model::*;

use super::sample::*;
use crate::*;

/// What ends the sessions of a user.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Logout,
    Remote,
    AnotherUser,
    Expiry,
    OperatorKeepsApplications,
    Compromised,
    NewPassword,
    NewPasswordKeepsApplications,
    Disabled,
}

impl Ending {
    /// Whether grants with `offline_access`, also of earlier sessions, are revoked, and known devices forgotten.
    fn locks_out(self) -> bool {
        matches!(self, Self::Compromised | Self::NewPassword | Self::Disabled)
    }

    fn forgets_devices(self) -> bool {
        self.locks_out() || matches!(self, Self::NewPasswordKeepsApplications)
    }

    async fn take_place(self, world: &World) {
        let all = || EndWhich::Subject(world.alice.subject.clone());
        let end = async |why, applications| {
            let command = EndSessions {
                which: all(),
                why,
                applications,
                cause: cause(10),
            };
            world.store.end_sessions(command).await.unwrap();
        };
        let change = async |update| {
            let command = UserChange {
                subject: world.alice.subject.clone(),
                update,
                cause: cause(10),
            };
            assert!(world.store.change_user(command).await.unwrap());
        };
        let password = |applications| UserUpdate {
            password_hash: Some(cardea_seal::Secret::new("$argon2id$new".to_owned())),
            applications,
            ..UserUpdate::default()
        };
        match self {
            Self::Logout => end(SessionEnd::Logout, Applications::Keep).await,
            Self::Remote => end(SessionEnd::Remote, Applications::Keep).await,
            Self::AnotherUser => {
                let bob = user("bob");
                let command = AddUser {
                    user: bob.clone(),
                    password_hash: None,
                    cause: cause(9),
                };
                world.store.add_user(command).await.unwrap();
                let session = session("bobs", &bob, 10);
                world.open(&session, Some(world.session.id), 10).await;
            }
            Self::Expiry => {
                let (now, audit_ttl) = (at(9 * HOUR), jiff::SignedDuration::from_hours(9999));
                world.store.sweep(now, 100, audit_ttl).await.unwrap();
            }
            Self::OperatorKeepsApplications => {
                end(SessionEnd::Operator, Applications::Keep).await;
            }
            Self::Compromised => end(SessionEnd::Operator, Applications::Revoke).await,
            Self::NewPassword => change(password(Applications::Revoke)).await,
            Self::NewPasswordKeepsApplications => change(password(Applications::Keep)).await,
            Self::Disabled => {
                change(UserUpdate {
                    status: Some(UserStatus::Disabled),
                    ..UserUpdate::default()
                })
                .await;
                change(UserUpdate {
                    status: Some(UserStatus::Enabled),
                    ..UserUpdate::default()
                })
                .await;
            }
        }
    }
}

/// Reason × (offline grant, offline grant of an earlier session, online grant, code, known device).
async fn check(ending: Ending, store: AnyStore) {
    let world = World::new(store).await;
    // A grant of a session that has ended before: whoever has its tokens needs no living session.
    let earlier = session("earlier", &world.alice, 0);
    world.open(&earlier, None, 0).await;
    let left_behind = code("left", &earlier, &world.spa, OFFLINE, 0);
    assert!(world.issue(&left_behind, 0).await);
    assert!(matches!(
        world.redeem(&left_behind, 0).await,
        Redeemed::Done
    ));
    world
        .end(EndWhich::Id(earlier.id), SessionEnd::Logout, 1)
        .await;

    let online = world.grant("a", ONLINE, 1).await;
    let offline = world.grant("b", OFFLINE, 1).await;
    let pending = world.code("c", OFFLINE, 1).await;
    ending.take_place(&world).await;

    let after = 9 * HOUR;
    assert!(world.dead(&online, after).await.is_some(), "online");
    let code = world.store.code(pending.hash, at(2)).await.unwrap();
    assert!(code.is_none(), "code");
    for (name, grant) in [("offline", offline), ("left", grant(&left_behind, 0))] {
        let revoked = world.dead(&grant, after).await.is_some();
        assert_eq!(revoked, ending.locks_out(), "{name}");
    }
    let alice = world.store.user(&world.alice.subject).await.unwrap();
    let forgotten = alice.unwrap().devices_since.is_some();
    assert_eq!(forgotten, ending.forgets_devices(), "devices");
}

pub async fn t1_a_logout_keeps_offline_access(store: AnyStore) {
    check(Ending::Logout, store).await;
}

pub async fn t1_a_remote_logout_keeps_offline_access(store: AnyStore) {
    check(Ending::Remote, store).await;
}

pub async fn t1_another_user_keeps_offline_access(store: AnyStore) {
    check(Ending::AnotherUser, store).await;
}

pub async fn t1_expiry_keeps_offline_access(store: AnyStore) {
    check(Ending::Expiry, store).await;
}

pub async fn t1_an_operator_may_keep_applications(store: AnyStore) {
    check(Ending::OperatorKeepsApplications, store).await;
}

pub async fn t1_a_compromised_user_loses_everything(store: AnyStore) {
    check(Ending::Compromised, store).await;
}

pub async fn t1_a_new_password_revokes_everything(store: AnyStore) {
    check(Ending::NewPassword, store).await;
}

pub async fn t1_a_new_password_may_keep_applications(store: AnyStore) {
    check(Ending::NewPasswordKeepsApplications, store).await;
}

pub async fn t1_a_disabled_user_loses_everything(store: AnyStore) {
    check(Ending::Disabled, store).await;
}
