//! What `cardea check` asks: to which issuer the store belongs, and whether its contents can be used.
//!
//! The running provider answers for its own store; without one the command line inspects the file itself, with the same
//! functions.

use axum::{Json, extract::State};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use cardea_jose::Algorithm;
use cardea_protocol::model::{Client, KeyState, SigningKeyRow};
use cardea_seal::{MasterKey, Sealer};
use cardea_store::{AuditFilter, MAX_PAGE, Marks, Page, Store, StoreError};
use jiff::{SignedDuration, Timestamp};

use super::{
    operator::Operator,
    refusal::{Answer, Refusal},
    types::{Finding, Status, StoreOwner},
};
use crate::{
    app::Shared,
    keys::{ACCESS_TOKEN_DEFAULT, ID_TOKEN_DEFAULT, key_sealer},
    start::master_key_check,
};

/// A key that has signed for longer should be followed by another one.
const OLD_KEY: SignedDuration = SignedDuration::from_hours(24 * 180);
/// Clocks differ by this much without notice.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

impl StoreOwner {
    fn of(marks: Marks) -> Self {
        Self {
            issuer: marks.issuer,
            development: marks.development,
            master_key_check: URL_SAFE_NO_PAD.encode(marks.master_key_check),
        }
    }

    /// Whether a master key is the one that the store was made with.
    #[must_use]
    pub fn has_key(&self, master_key: &MasterKey) -> bool {
        let check = master_key_check(&self.issuer, master_key);
        URL_SAFE_NO_PAD.encode(check) == self.master_key_check
    }
}

/// `GET /status`
#[utoipa::path(
    get,
    operation_id = "status",
    path = "/status",
    summary = "Inspect the store",
    description = "",
    responses(
        (status = 200, description = "What was found.", body = Status),
    ),
)]
pub(super) async fn get(State(app): State<Shared>, operator: Operator) -> Answer<Json<Status>> {
    let (store, ring) = (&*app.store, &app.ring);
    let status = look(store, Some(ring.sealer()), operator.now()).await;
    status.map(Json).map_err(Refusal::from)
}

/// Inspects a store that no provider serves. Without the master key the keys are not opened.
///
/// # Errors
/// When the store can't be read.
pub async fn inspect(
    store: &dyn Store,
    master_key: Option<&MasterKey>,
    now: Timestamp,
) -> Result<Status, StoreError> {
    let marks = store.read_marks().await?;
    let sealer = match (&marks, master_key) {
        (Some(marks), Some(key)) => Some(key_sealer(key, &marks.issuer)),
        _ => None,
    };
    look(store, sealer.as_ref(), now).await
}

async fn look(
    store: &dyn Store,
    sealer: Option<&Sealer>,
    now: Timestamp,
) -> Result<Status, StoreError> {
    let owner = store.read_marks().await?.map(StoreOwner::of);
    if owner.is_none() {
        let findings = vec![Finding::ok("store", "empty: no provider has started on it")];
        return Ok(Status { owner, findings });
    }
    let mut findings = vec![match store.ready().await {
        Ok(()) => Finding::ok("store", "it can be read and written"),
        Err(error) => Finding::problem("store", error.to_string())
            .advice("check the disk and the log of the provider"),
    }];
    let (clients, found) = clients(store).await?;
    findings.extend(found);
    let rows = store.keys().await?;
    findings.extend(keys(&rows, sealer, &wanted(&clients), now));
    let newest = store.audit(AuditFilter::default(), Page::first(1));
    let newest = newest.await?.items.into_iter().map(|row| row.at);
    let newest = newest.chain(rows.iter().map(|row| row.created_at)).max();
    findings.push(time(newest, now));
    Ok(Status { owner, findings })
}

async fn clients(store: &dyn Store) -> Result<(Vec<Client>, Vec<Finding>), StoreError> {
    let mut clients = Vec::new();
    let mut page = Page::first(MAX_PAGE);
    loop {
        match store.clients(page.clone()).await {
            Ok(rows) => {
                clients.extend(rows.items);
                page.after = rows.next;
            }
            Err(error @ StoreError::Corrupt { .. }) => {
                let advice = "remove that client, or restore a backup";
                let finding = Finding::problem("clients", error.to_string()).advice(advice);
                return Ok((clients, vec![finding]));
            }
            Err(error) => return Err(error),
        }
        if page.after.is_none() {
            break;
        }
    }
    let disabled = clients.iter().filter(|c| !c.is_enabled()).count();
    let what = match (clients.len(), disabled) {
        (all, 0) => format!("{all} in the store, each valid"),
        (all, disabled) => format!("{all} in the store, each valid, {disabled} disabled"),
    };
    Ok((clients, vec![Finding::ok("clients", what)]))
}

/// What the provider must be able to sign with.
fn wanted(clients: &[Client]) -> Vec<Algorithm> {
    let mut wanted = vec![ACCESS_TOKEN_DEFAULT, ID_TOKEN_DEFAULT];
    for metadata in clients
        .iter()
        .filter(|c| c.is_enabled())
        .map(Client::metadata)
    {
        wanted.extend(metadata.access_token_signing_alg);
        wanted.extend(metadata.id_token_signed_response_alg);
        wanted.extend(metadata.userinfo_signed_response_alg);
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

fn keys(
    rows: &[SigningKeyRow],
    sealer: Option<&Sealer>,
    wanted: &[Algorithm],
    now: Timestamp,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let opens = |row: &SigningKeyRow| {
        sealer.is_none_or(|s| s.open(&row.sealed_private, row.kid.as_bytes()).is_ok())
    };
    for row in rows {
        if !opens(row) {
            let what = format!(
                "the key {} ({}) can't be opened with this master key",
                row.kid, row.algorithm
            );
            findings.push(
                Finding::problem("keys", what)
                    .advice("restore the master key that it was sealed with"),
            );
        }
    }
    for algorithm in wanted {
        let active = rows
            .iter()
            .find(|r| r.state == KeyState::Active && r.algorithm == *algorithm);
        match active {
            None => findings.push(Finding::warning(
                "keys",
                format!("no key signs with {algorithm}"),
                "start the provider, which makes one",
            )),
            // A key that can't be opened has its finding.
            Some(row) if opens(row) => findings.push(age(row, now)),
            Some(_) => {}
        }
    }
    findings
}

fn age(row: &SigningKeyRow, now: Timestamp) -> Finding {
    let signs_for = now.duration_since(row.activated_at.unwrap_or(row.created_at));
    let days = signs_for.as_hours() / 24;
    let what = match days {
        0 => format!("{} has signed since today ({})", row.algorithm, row.kid),
        1 => format!("{} has signed since yesterday ({})", row.algorithm, row.kid),
        days => format!("{} has signed for {days} days ({})", row.algorithm, row.kid),
    };
    match signs_for > OLD_KEY {
        true => Finding::warning("keys", what, "rotate it: cardea key rotate"),
        false => Finding::ok("keys", what),
    }
}

fn time(newest: Option<Timestamp>, now: Timestamp) -> Finding {
    match newest {
        Some(newest) if newest.duration_since(now) > CLOCK_SKEW => Finding::problem(
            "time",
            format!("the clock of this machine is at {now:.0}, and the newest row of the store is of {newest:.0}"),
        )
        .advice(
            "set the clock: tokens and sessions depend on it (if the time of the row is wrong, wait until then)",
        ),
        _ => Finding::ok("time", format!("{now:.0}, not before the newest row of the store")),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::types::Level, *};

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn row(kid: &str, state: KeyState) -> SigningKeyRow {
        SigningKeyRow {
            kid: kid.to_owned(),
            algorithm: Algorithm::ES256,
            state,
            sealed_private: vec![0; 64],
            created_at: Timestamp::UNIX_EPOCH,
            activated_at: Some(Timestamp::UNIX_EPOCH),
            retired_at: None,
        }
    }

    fn levels(findings: &[Finding]) -> Vec<Level> {
        findings.iter().map(|f| f.level).collect()
    }

    #[test]
    fn a_key_that_signs_for_half_a_year_is_old() {
        let rows = [row("k", KeyState::Active)];
        let at = |days| {
            keys(
                &rows,
                None,
                &[Algorithm::ES256],
                Timestamp::UNIX_EPOCH + DAY * days,
            )
        };
        assert_eq!(levels(&at(0)), [Level::Ok]);
        assert_eq!(levels(&at(180)), [Level::Ok]);
        assert_eq!(levels(&at(181)), [Level::Warning]);
    }

    #[test]
    fn an_algorithm_without_a_key_and_a_key_that_does_not_open_are_told() {
        let master = MasterKey::generate(&cardea_seal::Entropy::seeded(1));
        let sealer = key_sealer(&master, "https://id.example.com");
        let found = keys(
            &[row("k", KeyState::Retired)],
            Some(&sealer),
            &[Algorithm::RS256],
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(levels(&found), [Level::Problem, Level::Warning]);
        assert!(found[0].what.contains("the key k"));
    }

    #[test]
    fn a_clock_before_the_newest_row_is_wrong() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(time(None, now).level, Level::Ok);
        assert_eq!(time(Some(now + CLOCK_SKEW), now).level, Level::Ok);
        assert_eq!(time(Some(now + DAY), now).level, Level::Problem);
    }
}
