//! `docs/reference/audit-events.md` is made from this table. After a change of it or of `AuditEvent` rewrite the page with
//! `CARDEA_WRITE=1 cargo test -p cardea-server audit_events`.

use std::{fmt::Write as _, path::Path};

use cardea_protocol::model::AuditEvent;
use http::StatusCode;

use crate::admin::tests::stage;

const HEAD: &str = "\
# Audit events

<!-- Made from `crates/server/src/admin/audit_tests.rs`. Don't edit it here: CARDEA_WRITE=1 cargo test -p cardea-server audit_events -->

`cardea audit` shows them. Each row has the time, who acted (`actor`: a stranger, a user, a client, an operator by the number of the system's
user, or Cardea itself), the user, client and grant concerned, the address and `User-Agent` of the request, the request's id, which the log has too,
and sometimes more in `detail`. A row is written in the transaction of its cause. No row contains a secret.

| event | when it is written |
|---|---|
";

const EVENTS: &[(&str, &str)] = &[
    ("login", "A user logged in."),
    (
        "login_failed",
        "A wrong password for a user who exists. Attempts with unknown names are in the log only.",
    ),
    ("logout", "A user logged out."),
    (
        "logout_undelivered",
        "A client could not be notified of a logout (back-channel logout), and no more attempts are made.",
    ),
    (
        "mail_undelivered",
        "A mail to a user could not be delivered, and no more attempts are made: `detail` has the reason.",
    ),
    (
        "session_ended",
        "A session ended for another reason than logout: `detail` has it.",
    ),
    ("consent_given", "A user allowed a client to act for them."),
    (
        "consent_revoked",
        "A user or an operator took a consent back.",
    ),
    (
        "grant_revoked",
        "A grant was revoked with all its tokens: `detail` has the reason.",
    ),
    ("token_revoked", "A client revoked a token (RFC 7009)."),
    (
        "code_reused",
        "An authorization code was presented twice; the grant of the first time was revoked (RFC 6749 §4.1.2).",
    ),
    (
        "refresh_reuse",
        "An old refresh token was presented, which means that it was copied; the grant was revoked (RFC 9700 §4.14.2).",
    ),
    (
        "refresh_retried_late",
        "The previous refresh token was presented again, late: an answer was lost, or a copy is in use.",
    ),
    (
        "refresh_retried_often",
        "The previous refresh token of a public client was presented again in at least three of eight generations: many answers were lost, two tabs share a token, or it was stolen.",
    ),
    (
        "refresh_foreign_client",
        "A refresh token was presented by another client than the one it was issued to.",
    ),
    (
        "refresh_ahead",
        "A refresh token was presented that is newer than the store: the store was restored from a backup.",
    ),
    (
        "refresh_anomaly",
        "A refresh token was used in a way that fits neither one client nor a lost answer.",
    ),
    ("user_added", "A user was added."),
    ("user_changed", "A user was changed."),
    ("user_disabled", "A user was disabled."),
    ("user_enabled", "A user was enabled."),
    ("user_removed", "A user was removed."),
    (
        "deletion_requested",
        "A user asked for the deletion of the account.",
    ),
    (
        "deletion_cancelled",
        "A user logged in, which keeps an account that was to be deleted.",
    ),
    (
        "data_exported",
        "The data of a user was exported, by the user or an operator.",
    ),
    ("password_changed", "A user's password was changed."),
    (
        "link_made",
        "A link for one use was made for a user: `detail` has its purpose.",
    ),
    (
        "invitation_made",
        "An address was invited: `detail` has the invitation and the organization.",
    ),
    ("invitation_revoked", "An invitation was revoked."),
    (
        "invitation_used",
        "A user was added by an invitation, or joined its organization.",
    ),
    (
        "email_verified",
        "A user confirmed an e-mail address by a link.",
    ),
    (
        "email_undone",
        "A user took back the change of the e-mail address, which locks out whoever made it.",
    ),
    (
        "login_disowned",
        "A user said that a login or a change was not theirs: all sessions ended, and the password was removed.",
    ),
    (
        "account_linked",
        "An identity of another provider was linked to a user. The detail is the id of the provider.",
    ),
    (
        "account_unlinked",
        "Such a link was removed. The detail is the id of the provider.",
    ),
    (
        "factor_added",
        "A user set up a second factor. The detail is its kind.",
    ),
    (
        "factor_removed",
        "A user removed a second factor. The detail is its kind.",
    ),
    (
        "factor_reset_requested",
        "An operator requested that all second factors of a user are removed. The detail is `link`, which the user has to open, or `delayed`.",
    ),
    (
        "factor_reset_cancelled",
        "Such a request was cancelled: by a proof of a second factor, by an operator, or with the account's other links.",
    ),
    (
        "factors_reset",
        "All second factors of a user were removed: by an operator, by the user with the link of one, or after a delay.",
    ),
    (
        "factor_failed",
        "A wrong code for the second factor, after the right password: at most one row a minute for each user.",
    ),
    (
        "stepped_up",
        "A user proved a second factor in a session that had begun without it. The detail is the `acr` reached.",
    ),
    ("backup_codes_made", "A user got new backup codes."),
    (
        "backup_code_used",
        "A backup code was used. The detail says how many are left.",
    ),
    (
        "device_trusted",
        "A user said to trust a browser: it is not asked for the second factor.",
    ),
    (
        "device_forgotten",
        "Browsers that a user trusted are no longer trusted. The detail says how many.",
    ),
    ("client_added", "A client was added."),
    ("client_changed", "A client was changed."),
    (
        "client_disabled",
        "A client was disabled, or is no longer in the configuration file.",
    ),
    ("client_enabled", "A client was enabled."),
    ("client_removed", "A client was removed."),
    ("client_secret_changed", "A client's secret was changed."),
    ("role_added", "A role was added; `detail` names it."),
    ("role_changed", "What a role allows was changed."),
    (
        "role_removed",
        "A role was removed, or is no longer in the configuration file.",
    ),
    ("group_added", "A group was added; `detail` names it."),
    (
        "group_changed",
        "The roles of a group were changed, or it is no longer in the configuration file, or in it again.",
    ),
    ("group_removed", "A group was removed."),
    ("group_member_added", "A user was added to a group."),
    ("group_member_removed", "A user was removed from a group."),
    (
        "organization_added",
        "An organization was added; `detail` has its identifier.",
    ),
    (
        "organization_changed",
        "The name, the domains or a setting of an organization were changed.",
    ),
    (
        "organization_disabled",
        "An organization is no longer in the configuration file: no token of it is active.",
    ),
    (
        "organization_enabled",
        "An organization is in the configuration file again.",
    ),
    (
        "organization_removed",
        "An organization was removed with its members and all grants in it.",
    ),
    (
        "organization_member_added",
        "A user was added to an organization; `detail` has the roles.",
    ),
    (
        "organization_member_changed",
        "The roles of a member inside an organization were changed.",
    ),
    (
        "organization_member_removed",
        "A member was removed from an organization; the grants in it are revoked.",
    ),
    ("key_added", "A signing key was made."),
    ("key_activated", "A key signs from now on."),
    (
        "key_retired",
        "A key no longer signs; it is published until its last token has expired.",
    ),
    (
        "key_removed",
        "A key was removed: what it signed is refused.",
    ),
];

#[test]
fn n4_audit_events_are_described_and_their_page_is_fresh() {
    let described: Vec<&str> = EVENTS.iter().map(|(name, _)| *name).collect();
    let known: Vec<String> = AuditEvent::ALL.iter().map(|event| event.name()).collect();
    assert_eq!(
        known, described,
        "describe each event, in the order of the enum"
    );
    let mut page = HEAD.to_owned();
    for (name, when) in EVENTS {
        writeln!(page, "| `{name}` | {when} |").unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/audit-events.md");
    if option_env!("CARDEA_WRITE") == Some("1") {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/reference/audit-events.md is stale; CARDEA_WRITE=1 cargo test -p cardea-server audit_events"
    );
}

#[tokio::test]
async fn an_unknown_event_is_refused_with_those_that_are_meant_or_all() {
    let stage = stage().await;
    for event in AuditEvent::ALL {
        let (status, _) = stage.get(&format!("/audit?event={}", event.name())).await;
        assert_eq!(status, StatusCode::OK, "{event:?}");
    }
    let refused = async |name: &str| {
        let (status, problem) = stage.get(&format!("/audit?event={name}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{name}");
        problem["detail"].as_str().unwrap().to_owned()
    };
    let near = refused("logn_failed").await;
    assert!(near.ends_with("did you mean login_failed?"), "{near}");
    let all = refused("moon").await;
    for event in AuditEvent::ALL {
        assert!(all.contains(&format!("\n  {}", event.name())), "{all}");
    }
}
