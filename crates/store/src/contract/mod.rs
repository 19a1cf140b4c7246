// length: the list of all cases.

//! The contract: what every store keeps, as a test suite that a store of any crate can run.
//!
//! A case gets an empty store and drives it through the traits only. [`contract!`](crate::contract!) makes one test of
//! each case. Time is an argument of every verb, so a case runs on a clock of its own, which begins at [`START`].
//!
//! A crate that runs it has `cardea-store` with the feature `contract`, and `tokio` with `macros` and `rt-multi-thread`,
//! among its dev-dependencies, and names a function that opens an empty store:
//!
//! ```
//! use cardea_store::sqlite::{Options, SqliteStore};
//! use tempfile::TempDir;
//!
//! /// An empty store, and what must outlive it.
//! async fn open() -> (SqliteStore, TempDir) {
//!     let folder = tempfile::tempdir().unwrap();
//!     let path = folder.path().join("cardea.db");
//!     let options = Options { path, migrate: true };
//!     (SqliteStore::open(options).unwrap(), folder)
//! }
//!
//! // The path must be absolute: the tests are in one module per subject.
//! cardea_store::contract!(crate::open);
//! # fn main() {}
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cognitive_complexity,
    reason = "a test suite, behind a feature that only tests enable"
)]

#[doc(hidden)]
pub mod accounts;
#[doc(hidden)]
pub mod assertions;
#[doc(hidden)]
pub mod audit;
#[doc(hidden)]
pub mod clients;
#[doc(hidden)]
pub mod consents;
#[doc(hidden)]
pub mod domains;
#[doc(hidden)]
pub mod email_changes;
#[doc(hidden)]
pub mod endings;
#[doc(hidden)]
pub mod expiry;
#[doc(hidden)]
pub mod factor_lanes;
#[doc(hidden)]
pub mod factor_resets;
#[doc(hidden)]
pub mod factors;
#[doc(hidden)]
pub mod first_account;
#[doc(hidden)]
pub mod first_factors;
#[doc(hidden)]
pub mod grants;
#[doc(hidden)]
pub mod imports;
#[doc(hidden)]
pub mod invitation_ends;
#[doc(hidden)]
pub mod invitations;
#[doc(hidden)]
pub mod jobs;
#[doc(hidden)]
pub mod keys;
#[doc(hidden)]
pub mod links;
#[doc(hidden)]
pub mod lost_updates;
#[doc(hidden)]
pub mod mail;
#[doc(hidden)]
pub mod neighbours;
#[doc(hidden)]
pub mod neighbours_accounts;
#[doc(hidden)]
pub mod neighbours_ends;
#[doc(hidden)]
pub mod neighbours_refresh;
#[doc(hidden)]
pub mod not_me;
#[doc(hidden)]
pub mod notices;
#[doc(hidden)]
pub mod organizations;
#[doc(hidden)]
pub mod outbox;
#[doc(hidden)]
pub mod own_password;
#[doc(hidden)]
pub mod passkeys;
#[doc(hidden)]
pub mod password_at_login;
#[doc(hidden)]
pub mod passwords;
#[doc(hidden)]
pub mod redemption;
#[doc(hidden)]
pub mod refresh;
#[doc(hidden)]
pub mod remembered_sessions;
#[doc(hidden)]
pub mod revocation;
#[doc(hidden)]
pub mod role_file;
#[doc(hidden)]
pub mod roles;
#[doc(hidden)]
pub mod sample;
#[doc(hidden)]
pub mod sessions;
#[doc(hidden)]
pub mod sign_up;
#[doc(hidden)]
pub mod trusted_devices;
#[doc(hidden)]
pub mod upstream_sessions;
#[doc(hidden)]
pub mod upstreams;
#[doc(hidden)]
pub mod user_search;
#[doc(hidden)]
pub mod usernames;
#[doc(hidden)]
pub mod users;
#[doc(hidden)]
pub mod ways_back;

pub use self::sample::START;

/// Makes a test of each case of the [contract](crate::contract), from an `async fn` that opens an empty store. It returns the
/// store and whatever must be dropped after it, or `()`.
#[macro_export]
macro_rules! contract {
    ($open:path) => {
        $crate::contract! { $open;
            accounts: a_deletion_ends_sessions_and_is_requested_once, a_deletion_needs_a_living_session_of_its_user,
                a_login_keeps_the_account_and_says_so, a_removed_user_gets_a_last_mail, of_a_removed_account_only_the_audit_is_left,
                of_20_logins_and_requests_at_once_the_last_counts, of_20_logins_and_removals_at_once_one_wins,
                an_export_is_recorded_for_its_user;
            assertions: an_assertion_counts_once, of_20_parallel_assertions_one_counts;
            audit: rows_are_filtered, every_actor_survives,
                rows_added_or_removed_between_pages_repeat_and_hide_no_other,
                rows_before_a_clock_was_set_back_are_found,
                rows_of_the_last_days_are_found, rows_of_a_period_are_found_and_paged;
            clients: a_client_survives, a_taken_id_is_a_conflict, a_missing_client_is_not_changed,
                a_change_keeps_the_status, a_new_secret_changes_nothing_else, the_file_owns_its_clients,
                applying_the_file_twice_writes_once, the_revision_changes_with_each_change_of_a_client,
                enabled_clients_are_visited, what_leaves_the_file_is_disabled,
                a_file_client_that_the_store_owns_stops_the_start, removing_a_client_removes_what_it_had,
                rows_added_or_removed_between_pages_repeat_and_hide_no_other;
            consents: a_consent_is_given_before_its_code, a_consent_needs_the_living_session_of_an_enabled_user_and_client,
                a_given_consent_is_that_of_one_user_to_one_client;
            email_changes: an_address_counts_for_nothing_until_it_is_confirmed,
                a_change_of_another_address_than_it_was_asked_from_does_nothing,
                of_20_parallel_confirmations_of_a_user_one_succeeds,
                of_users_who_confirm_one_address_at_once_one_gets_it,
                an_undo_wins_against_a_confirmation_at_once,
                a_further_change_does_not_take_the_way_back, so_many_changes_can_be_undone_at_once, an_undo_forgets_later_undos_of_its_user_only,
                an_undo_ends_when_it_expires;
            expiry: an_expired_user_is_signed_in_nowhere_from_then_on,
                an_expired_user_gets_no_code_and_no_grant,
                of_an_expiry_that_is_lifted_nothing_is_left, an_account_can_come_with_its_limits;
            factor_lanes: wrong_codes_elsewhere_keep_no_known_browser_waiting, without_a_factor_no_wrong_code_is_kept;
            factor_resets: a_reset_link_removes_the_factors_of_its_user_once, of_20_parallel_uses_of_a_reset_link_one_counts,
                a_reset_link_works_with_the_current_password_of_its_user_only, a_proof_of_a_factor_cancels_a_reset,
                of_a_reset_and_a_proof_at_once_one_counts, a_delayed_reset_is_due_and_done_once,
                a_reset_takes_a_factor_and_a_new_request_replaces_the_old, a_reset_ends_with_its_account_and_its_time;
            factors: an_app_is_set_up_once_and_read_only_by_an_attempt, a_disabled_user_has_no_second_step,
                a_code_of_the_app_counts_once, of_20_parallel_uses_of_one_code_one_counts,
                a_backup_code_counts_once_for_its_user, failed_attempts_wait_and_a_right_code_ends_that,
                of_20_parallel_attempts_no_more_begin_than_are_free, without_the_app_backup_codes_and_trusted_devices_go,
                a_step_up_keeps_the_session_under_a_new_cookie;
            first_account: the_last_link_makes_the_first_account, the_first_account_administers_organizations,
                a_link_to_the_first_account_expires, a_user_voids_the_link_to_the_first_account,
                of_20_parallel_first_accounts_one_is_made;
            first_factors: a_first_factor_is_set_up_only_without_another, of_20_parallel_first_factors_one_is_set_up;
            grants: a_code_survives, a_code_needs_a_living_session_and_enabled_parties, a_consent_grows, a_revoked_consent_allows_no_code,
                a_grant_survives, token_state_has_grant_user_and_standing, live_grants_are_listed,
                rows_added_or_removed_between_pages_repeat_and_hide_no_other;
            imports: users_are_imported_and_a_taken_name_refuses_only_its_row,
                of_20_parallel_imports_of_a_name_one_adds_it, users_are_exported_with_their_hashes;
            invitation_ends: a_disabled_organization_invites_nobody, an_invitation_is_revoked_by_its_own_organization,
                an_invitation_expires_and_ends_with_its_organization;
            invitations: an_invitation_survives_and_is_listed_by_its_organization,
                an_invitation_of_the_same_address_replaces_the_earlier,
                an_invitation_makes_one_account_with_its_address_and_roles,
                of_20_parallel_uses_of_an_invitation_one_counts,
                of_20_parallel_accounts_of_an_address_one_is_made,
                an_invitation_is_for_the_user_of_its_address_only,
                an_invitation_and_its_mail_are_written_together,
                an_organization_has_so_many_invitations_at_most;
            jobs: a_lease_has_one_holder, of_20_parallel_nodes_one_gets_the_lease, marks_are_written_once,
                sweeping_touches_nothing_alive, sweeping_takes_what_is_dead, sweeping_ends_expired_sessions,
                a_session_stays_as_long_as_its_grants, a_session_stays_only_as_long_as_its_own_grants,
                small_batches_leave_sessions_with_grants, sweeping_is_bounded,
                an_audit_row_of_a_wrong_clock_takes_no_other_along, audit_rows_of_a_clock_that_was_ahead_keep_no_old_ones;
            keys: a_ring_turns, a_ring_has_one_active_key_an_algorithm, an_impossible_key_is_rejected,
                a_stale_step_writes_nothing, a_key_is_removed_alone_and_only_in_its_state,
                of_20_parallel_steps_one_is_made, rewrapping_takes_all_keys_or_none;
            links: a_link_sets_a_password_once, of_20_parallel_uses_of_a_link_one_succeeds, a_link_does_what_it_is_for_only,
                a_link_expires_and_dies_with_its_user, a_user_has_three_living_links_of_a_purpose,
                a_link_and_its_mail_are_written_together, a_user_logs_in_with_a_verified_address,
                an_address_is_verified_and_its_change_undone, a_login_that_was_not_the_users_locks_out,
                an_account_ends_when_it_is_due;
            lost_updates: a_new_secret_survives_a_change_computed_before_it,
                a_secret_is_not_given_to_a_client_that_changed,
                a_change_is_compared_with_its_own_client, a_removed_redirect_uri_stays_removed, of_20_parallel_changes_of_a_client_one_is_made,
                a_client_removed_and_added_again_is_another, a_removed_role_stays_removed,
                of_two_equal_users_one_is_changed, a_new_address_is_not_verified_by_a_change_computed_before_it,
                of_20_parallel_changes_of_a_user_one_is_made,
                a_change_of_a_user_is_not_refused_for_what_it_does_not_depend_on;
            mail: a_mail_is_claimed_as_it_was_written, a_mail_and_a_logout_are_claimed_by_kind,
                a_mail_that_is_given_up_is_audited_with_its_user, a_mail_to_a_stranger_leaves_no_audit,
                mails_of_strangers_are_bounded, a_network_has_a_share_of_the_mails_of_strangers,
                a_mail_that_failed_makes_room_for_one_of_another_stranger, of_20_parallel_mails_of_strangers_no_more_than_the_limit_are_written;
            neighbours: a_revocation_takes_only_what_it_names, a_consent_grows_at_one_client_for_one_user,
                a_session_ends_and_moves_alone, a_user_is_changed_and_removed_alone,
                a_client_is_disabled_and_removed_alone, a_revocation_is_audited_with_its_own_user_and_client,
                a_login_moves_its_own_browser_and_resets_its_own_failures;
            neighbours_accounts: a_link_ends_what_it_says_of_its_own_user, an_account_that_has_expired_has_no_links, pages_of_organizations_members_and_groups_continue, a_member_is_changed_and_removed_alone,
                a_role_and_a_group_are_changed_and_removed_alone, d19_what_leaves_the_file_leaves_alone,
                a_password_is_read_and_changed_beside_other_credentials;
            neighbours_ends: a_session_ends_with_its_own_grants, the_applications_of_one_user_are_revoked,
                what_has_expired_is_not_revoked, what_was_revoked_by_a_clock_ahead_is_not_revoked_again,
                what_has_ended_supersedes_no_grant_and_is_not_superseded,
                a_disabled_user_is_refused_where_the_clock_is_behind, d28_one_message_is_settled_at_a_time;
            neighbours_refresh: a_refresh_token_is_rotated_alone, a_token_is_noted_as_seen_and_its_reuse_revoked_alone,
                a_refresh_keeps_its_own_session_alive, a_refresh_token_is_found_by_its_own_id_only, a_rotation_depends_on_its_own_user_client_and_session,
                an_expired_session_is_not_replaced_by_another, grants_at_another_client_are_not_counted;
            not_me: what_an_attacker_added_goes_and_what_was_there_stays,
                the_first_factor_of_an_attacker_does_not_keep_the_owner_out,
                mail_alone_does_not_take_the_last_factor_of_a_user_who_had_one, the_address_of_the_link_is_the_users_again,
                an_administrators_change_of_an_address_is_the_last_word, of_20_parallel_uses_of_a_link_not_me_one_counts,
                many_links_do_not_remove_the_first, any_new_password_ends_links_to_another_address_and_tells_its_user,
                a_link_not_me_expires, factors_of_others_neither_go_nor_count,
                a_factor_that_is_disowned_itself_does_not_count;
            notices: a_login_in_another_browser_is_told_but_not_the_first, of_parallel_first_logins_one_is_not_told,
                whoever_has_an_account_sends_few_mails_an_hour, many_failed_logins_are_told_once_an_hour,
                a_mail_to_one_user_is_none_to_another, links_for_something_else_stop_no_mail, of_20_parallel_failures_one_is_told, ways_to_sign_in_are_told_when_they_are_added_and_removed;
            organizations: an_organization_survives_and_is_unique,
                a_member_has_roles_in_one_organization,
                of_20_parallel_admissions_one_is_made,
                a_user_is_in_64_organizations_at_most,
                d27_a_grant_belongs_to_the_organization_of_its_code,
                d27_only_a_member_gets_a_code_and_a_grant_of_an_organization,
                d27_a_disabled_organization_gets_no_code,
                d27_who_leaves_an_organization_loses_the_grants_in_it_only;
            outbox: d28_every_end_of_a_session_writes_its_logout_tokens, a_session_without_such_clients_writes_nothing,
                a_client_gets_one_message_per_session, d28_a_message_is_written_with_its_cause_or_not_at_all,
                d28_a_claimed_message_is_due_again_after_its_lease,
                d28_of_20_nodes_that_claim_at_once_one_gets_the_message, d28_two_nodes_share_what_is_due,
                d28_an_old_try_settles_nothing, d28_a_retry_moves_its_own_message, d28_what_is_given_up_is_audited,
                d28_only_what_is_given_up_is_audited, a_removed_client_gets_no_messages, a_busy_client_is_skipped;
            own_password: a_new_password_ends_all_sessions_but_that_of_the_change,
                a_new_password_needs_a_living_session_of_its_user, who_has_no_password_gets_a_first_one,
                of_two_changes_of_a_password_at_once_one_wins;
            password_at_login: a_password_that_must_be_changed_opens_no_session,
                at_a_login_a_password_that_must_be_changed_is_replaced_and_nothing_of_it_is_left,
                at_a_login_only_the_proved_password_of_who_may_log_in_is_replaced,
                of_20_changes_of_a_password_at_a_login_one_wins;
            passkeys: a_passkey_survives_and_is_its_users,
                backup_codes_come_with_a_passkey_only_to_who_has_none,
                passkeys_are_bounded_and_a_disabled_user_gets_none,
                a_challenge_counts_once,
                a_passkey_that_changed_since_it_was_verified_does_not_count,
                of_20_parallel_uses_of_a_challenge_one_counts,
                a_passkey_is_named_by_its_user,
                with_the_last_factor_backup_codes_and_trusted_devices_go,
                the_last_way_in_is_not_removed,
                of_20_parallel_removals_the_last_way_in_is_left,
                a_session_begins_only_with_a_passkey_that_is_still_there,
                a_reset_of_all_factors_takes_the_passkeys_of_one_user,
                a_sign_in_with_a_passkey_cancels_a_reset_of_its_user;
            passwords: a_hash_is_upgraded_only_if_it_is_still_the_old, d25_a_login_reads_the_user_with_the_password,
                d25_it_is_known_who_has_a_password_without_reading_it, d25_a_refused_user_leaves_no_password,
                a_login_in_progress_does_not_survive_a_new_password, a_password_of_another_user_opens_no_session, t3_the_costs_of_password_hashes_are_counted;
            redemption: a_code_is_redeemed_once, a_second_use_of_a_code_revokes_only_its_own_grant,
                a_code_becomes_a_grant_of_its_own_user_only, of_20_parallel_redemptions_one_succeeds_and_its_grant_is_revoked,
                an_unknown_code_is_missing_beside_others, an_expired_code_is_dead, a_code_of_an_ended_session_is_dead, a_code_of_a_disabled_party_is_dead,
                a_code_of_another_client_is_not_consumed, a_code_follows_its_session_to_a_new_cookie,
                a_grant_has_the_id_of_its_code, a_bound_code_is_redeemed_with_its_key,
                a_code_that_is_not_bound_may_become_a_bound_grant,
                a_65th_grant_supersedes_the_one_unused_for_longest;
            refresh: the_current_token_is_rotated, the_token_before_is_answered_with_the_same_successor,
                a_public_client_may_come_late_once_a_day, a_token_before_a_seen_one_revokes,
                t2_the_third_retry_in_consecutive_generations_revokes_the_grant,
                t2_a_retry_since_a_grant_was_read_is_kept, an_older_token_revokes, strict_revokes_at_the_first_reuse, another_client_revokes,
                a_token_ahead_of_the_row_changes_nothing,
                a_token_ahead_of_the_row_is_audited_once_a_minute, an_idle_token_is_refused,
                what_ended_since_it_was_read_is_not_rotated,
                of_20_parallel_rotations_all_get_one_successor, of_20_parallel_strict_rotations_one_succeeds,
                a_new_network_is_audited_once, a_rotation_keeps_the_session_awake,
                an_offline_rotation_leaves_the_session, an_unknown_grant_is_none;
            revocation: a_grant_is_revoked_once, only_the_owner_revokes, one_token_is_revoked,
                an_application_is_revoked_whole, what_another_user_allowed_is_not_revoked,
                logout_takes_what_hangs_on_the_session,
                disabled_parties_have_no_living_tokens, removing_a_user_removes_everything;
            role_file: a_domain_that_leaves_or_changes_its_organization_is_audited,
                d19_an_organization_that_leaves_the_file_is_disabled_with_its_grants,
                d19_the_file_owns_its_roles_groups_and_organizations;
            roles: a_role_survives_and_its_name_is_unique,
                a_changed_role_is_not_changed_by_what_was_computed_before,
                of_20_parallel_changes_of_a_role_one_is_made,
                d27_more_permissions_than_fit_into_a_token_are_not_stored,
                the_revision_changes_with_each_change_of_a_role_or_a_group,
                a_user_is_in_the_groups_that_are_read_with_each_token,
                a_group_is_joined_and_left_once,
                a_user_is_in_64_groups_at_most,
                of_20_parallel_changes_of_a_group_one_is_made;
            domains: d27_only_a_verified_address_of_its_domain_joins_an_organization,
                d27_a_disabled_user_joins_nothing, d27_a_disabled_organization_is_not_offered,
                of_20_parallel_joins_by_domain_one_is_made;
            endings: t1_a_logout_keeps_offline_access,
                t1_a_remote_logout_keeps_offline_access,
                t1_another_user_keeps_offline_access,
                t1_expiry_keeps_offline_access,
                t1_an_operator_may_keep_applications,
                t1_a_compromised_user_loses_everything,
                t1_a_new_password_revokes_everything,
                t1_a_new_password_may_keep_applications,
                t1_a_disabled_user_loses_everything;
            sessions: a_session_survives, a_session_dies_by_idleness_and_age, a_visit_moves_the_idle_end,
                a_new_login_keeps_the_session_under_a_new_cookie, another_user_ends_the_session,
                a_login_over_a_dead_session_is_a_new_one, a_disabled_user_opens_none, an_expired_user_opens_none, a_login_forgets_failures,
                sessions_end_by_cookie_by_sid_and_by_user, live_sessions_are_listed,
                rows_added_or_removed_between_pages_repeat_and_hide_no_other;
            remembered_sessions: a_remembered_session_ends_by_age_only;
            sign_up: a_sign_up_makes_one_account_of_an_address, the_link_of_a_sign_up_does_not_make_a_removed_user_again,
                of_20_parallel_sign_ups_of_an_address_one_is_made;
            upstream_sessions: unlinking_ends_the_sessions_of_the_link_alone, a_login_in_progress_does_not_survive_its_link,
                a_session_knows_its_upstream, a_logout_of_the_upstream_ends_what_it_names_once, a_replayed_logout_token_ends_nothing,
                of_20_parallel_logout_tokens_one_counts;
            upstreams: a_link_survives, an_identity_has_one_user, only_a_verified_address_finds_its_user,
                a_user_of_an_upstream_logs_in_with_a_verified_address, a_taken_name_leaves_no_link,
                a_disabled_or_missing_user_gets_no_link_and_links_are_bounded,
                of_20_parallel_logins_of_one_identity_one_adds_the_user, of_20_parallel_users_one_gets_the_identity,
                unlinking_never_leaves_an_account_without_a_way_in, of_20_parallel_removals_one_link_is_left,
                a_login_refreshes_its_own_user, a_credential_of_another_kind_is_no_link, a_second_factor_is_no_way_in;
            trusted_devices: a_trusted_device_is_one_users_until_it_expires,
                trusted_devices_are_forgotten,
                a_user_trusts_so_many_devices_at_most;
            usernames: a_name_is_unique_by_rfc_8265, a_name_that_looks_like_another_is_refused,
                of_20_parallel_look_alikes_one_is_added;
            user_search: users_are_found_by_the_beginnings_of_their_words, a_search_follows_changes_and_removals,
                what_is_found_is_paged, a_search_is_no_expression;
            users: a_user_survives, a_name_is_unique_in_any_case, a_seed_is_applied_once,
                of_20_parallel_seeds_one_is_applied, a_user_is_changed, a_disabled_user_is_logged_out,
                failures_lock_and_are_audited_once_a_minute,
                rows_added_or_removed_between_pages_repeat_and_hide_no_other;
            ways_back: strangers_neither_replace_links_nor_send_many_mails,
                of_20_parallel_requests_of_strangers_three_are_written,
                a_link_that_was_mailed_dies_with_its_address,
                a_requested_address_goes_with_all_sessions,
                the_last_link_takes_what_the_first_would_take,
                an_address_that_another_user_has_keeps_no_owner_out,
                mails_are_counted_though_their_links_are_gone;
        }
    };
    ($open:path; $($module:ident: $($case:ident),*;)*) => {
        $(mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                let (store, _guard) = $open().await;
                $crate::contract::$module::$case(::std::sync::Arc::new(store)).await;
            })*
        })*
    };
}

#[cfg(test)]
mod tests {
    /// A case that is not in the list of `contract!` would never run.
    #[test]
    fn every_case_is_run() {
        let list = include_str!("mod.rs");
        let files = [
            ("accounts", include_str!("accounts.rs")),
            ("assertions", include_str!("assertions.rs")),
            ("audit", include_str!("audit.rs")),
            ("clients", include_str!("clients.rs")),
            ("consents", include_str!("consents.rs")),
            ("domains", include_str!("domains.rs")),
            ("endings", include_str!("endings.rs")),
            ("factor_lanes", include_str!("factor_lanes.rs")),
            ("factor_resets", include_str!("factor_resets.rs")),
            ("factors", include_str!("factors.rs")),
            ("first_account", include_str!("first_account.rs")),
            ("first_factors", include_str!("first_factors.rs")),
            ("grants", include_str!("grants.rs")),
            ("imports", include_str!("imports.rs")),
            ("invitation_ends", include_str!("invitation_ends.rs")),
            ("invitations", include_str!("invitations.rs")),
            ("jobs", include_str!("jobs.rs")),
            ("keys", include_str!("keys.rs")),
            ("links", include_str!("links.rs")),
            ("lost_updates", include_str!("lost_updates.rs")),
            ("mail", include_str!("mail.rs")),
            ("neighbours", include_str!("neighbours.rs")),
            (
                "neighbours_accounts",
                include_str!("neighbours_accounts.rs"),
            ),
            ("neighbours_ends", include_str!("neighbours_ends.rs")),
            ("neighbours_refresh", include_str!("neighbours_refresh.rs")),
            ("not_me", include_str!("not_me.rs")),
            ("notices", include_str!("notices.rs")),
            ("organizations", include_str!("organizations.rs")),
            ("outbox", include_str!("outbox.rs")),
            ("passwords", include_str!("passwords.rs")),
            ("redemption", include_str!("redemption.rs")),
            ("refresh", include_str!("refresh.rs")),
            ("revocation", include_str!("revocation.rs")),
            ("role_file", include_str!("role_file.rs")),
            ("roles", include_str!("roles.rs")),
            ("sessions", include_str!("sessions.rs")),
            (
                "remembered_sessions",
                include_str!("remembered_sessions.rs"),
            ),
            ("sign_up", include_str!("sign_up.rs")),
            ("upstream_sessions", include_str!("upstream_sessions.rs")),
            ("upstreams", include_str!("upstreams.rs")),
            ("trusted_devices", include_str!("trusted_devices.rs")),
            ("usernames", include_str!("usernames.rs")),
            ("users", include_str!("users.rs")),
            ("ways_back", include_str!("ways_back.rs")),
        ];
        for (module, file) in files {
            let start = list.find(&format!("            {module}: ")).unwrap();
            let cases = list[start..].split(';').next().unwrap();
            let cases: Vec<_> = cases
                .split([':', ',', ' ', '\n'])
                .filter(|name| !name.is_empty())
                .collect();
            for line in file.lines() {
                let Some(case) = line.strip_prefix("pub async fn ") else {
                    continue;
                };
                let name = case.split('(').next().unwrap();
                assert!(cases.contains(&name), "{module}::{name}");
            }
        }
    }
}
