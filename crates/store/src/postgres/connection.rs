//! A connection of the pool for one verb: its statements, its transaction, and what its errors mean.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use deadpool_postgres::{Object, tokio_postgres};
use futures_util::future;
use tokio_postgres::{
    Error, Row,
    error::SqlState,
    types::{ToSql, Type},
};

use super::{
    PostgresStore,
    fault::{Fault, Verb, describe, is_answer, not_done, refuses_writes, unknown},
    statement::{Named, Statement, Value},
};
use crate::{Result, StoreError};

/// What a verb does, from which follows what an error leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It reads: whatever happens, nothing was written.
    Read,
    /// One statement writes, and commits by itself.
    Statement,
    /// Several statements in one transaction.
    Transaction,
}

/// A connection that one verb has for itself.
// No verb holds one while it waits for another.
pub(super) struct Connection {
    /// Taken out when the connection is not to be used again.
    client: Option<Object>,
    mode: Mode,
    /// Whether statements are prepared once for each connection. PgBouncer in transaction mode knows none.
    prepares: bool,
    /// How long a statement may take until the connection counts as lost.
    patience: Duration,
    /// Whether `BEGIN` was sent.
    begun: AtomicBool,
    /// Whether a statement failed: then PostgreSQL answers `COMMIT` with a rollback.
    failed: AtomicBool,
    /// Set when PostgreSQL can't write: [`PostgresStore::refuses_writes`](super::PostgresStore).
    refuses_writes: Arc<AtomicBool>,
}

impl Connection {
    pub(super) fn new(client: Object, mode: Mode, store: &PostgresStore) -> Self {
        Self {
            client: Some(client),
            mode,
            prepares: store.prepares,
            patience: store.patience,
            refuses_writes: Arc::clone(&store.refuses_writes),
            begun: AtomicBool::new(false),
            failed: AtomicBool::new(false),
        }
    }

    pub(super) async fn query(&self, sql: &'static str, params: &[Named<'_>]) -> Verb<Vec<Row>> {
        let client = self.client()?;
        let (statement, values) = arranged(sql, params)?;
        let run = async {
            if self.prepares {
                let types: Vec<Type> = values.iter().map(|value| value.type_of()).collect();
                let prepared = client.prepare_typed_cached(&statement.sql, &types).await?;
                let values: Vec<_> = values.iter().map(|v| *v as &(dyn ToSql + Sync)).collect();
                self.begin(client, client.query(&prepared, &values)).await
            } else {
                let values: Vec<_> = values
                    .iter()
                    .map(|value| (*value as &(dyn ToSql + Sync), value.type_of()))
                    .collect();
                self.begin(client, client.query_typed(&statement.sql, &values))
                    .await
            }
        };
        self.note(run).await
    }

    pub(super) async fn execute(&self, sql: &'static str, params: &[Named<'_>]) -> Verb<u64> {
        let client = self.client()?;
        let (statement, values) = arranged(sql, params)?;
        let run = async {
            if self.prepares {
                let types: Vec<Type> = values.iter().map(|value| value.type_of()).collect();
                let prepared = client.prepare_typed_cached(&statement.sql, &types).await?;
                let values: Vec<_> = values.iter().map(|v| *v as &(dyn ToSql + Sync)).collect();
                self.begin(client, client.execute(&prepared, &values)).await
            } else {
                let values: Vec<_> = values
                    .iter()
                    .map(|value| (*value as &(dyn ToSql + Sync), value.type_of()))
                    .collect();
                self.begin(client, client.execute_typed(&statement.sql, &values))
                    .await
            }
        };
        self.note(run).await
    }

    fn client(&self) -> Verb<&Object> {
        let gone = || Fault::Lost("the connection was given up".to_owned());
        self.client.as_ref().ok_or_else(gone)
    }

    /// The first statement of a transaction is sent together with its `BEGIN`: one round trip less.
    async fn begin<T>(
        &self,
        client: &Object,
        statement: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        if self.mode != Mode::Transaction || self.begun.swap(true, Ordering::Relaxed) {
            return statement.await;
        }
        let (begun, outcome) = future::join(client.batch_execute("BEGIN"), statement).await;
        begun?;
        outcome
    }

    /// Waits for a statement, but not for ever: a network that lost it answers nothing.
    async fn note<T>(&self, statement: impl Future<Output = Result<T, Error>>) -> Verb<T> {
        let outcome = match tokio::time::timeout(self.patience, statement).await {
            Ok(outcome) => outcome.map_err(|error| self.fault(error)),
            Err(_) => Err(Fault::Lost(format!("no answer within {:?}", self.patience))),
        };
        if outcome.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        outcome
    }

    fn fault(&self, error: Error) -> Fault {
        // A migration changed a table under a prepared statement: "cached plan must not change result type".
        if error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED)
            && let Some(client) = &self.client
        {
            client.statement_cache.clear();
            return Fault::Retry(error);
        }
        error.into()
    }

    /// Ends the verb: commits what it wrote, or takes it back. None if it is to run again.
    pub(super) async fn end<T>(mut self, outcome: Verb<T>, tries: &mut Tries) -> Option<Result<T>> {
        match outcome {
            Ok(value) => match self.commit().await {
                Ok(()) => Some(Ok(value)),
                Err(fault) => self.judge(fault, tries, true),
            },
            Err(fault) => {
                self.roll_back(&fault).await;
                self.judge(fault, tries, false)
            }
        }
    }

    async fn commit(&self) -> Verb<()> {
        if !self.begun.load(Ordering::Relaxed) {
            return Ok(());
        }
        if self.failed.load(Ordering::Relaxed) {
            let why = "a verb went on after a statement of it had failed";
            return Err(StoreError::rejected(why).into());
        }
        let client = self.client()?;
        let committed = self.note(client.batch_execute("COMMIT")).await;
        // Whatever PostgreSQL answers, the transaction is over.
        if !matches!(&committed, Err(fault) if fault.is_lost()) {
            self.begun.store(false, Ordering::Relaxed);
        }
        committed
    }

    async fn roll_back(&mut self, fault: &Fault) {
        if fault.is_lost() || !self.begun.load(Ordering::Relaxed) {
            return;
        }
        let Ok(client) = self.client() else { return };
        match self.note(client.batch_execute("ROLLBACK")).await {
            Ok(()) => self.begun.store(false, Ordering::Relaxed),
            Err(_) => self.give_up(),
        }
    }

    /// What the caller is answered.
    fn judge<T>(&mut self, fault: Fault, tries: &mut Tries, at_commit: bool) -> Option<Result<T>> {
        let error = match fault {
            Fault::Own(error) => return Some(Err(error)),
            Fault::Retry(error) => {
                return match tries.conflict() {
                    true => None,
                    false => Some(Err(not_done(describe(&error)))),
                };
            }
            Fault::Sql(error) => match is_answer(&error) {
                true => {
                    if error.code().is_some_and(refuses_writes) {
                        self.refuses_writes.store(true, Ordering::Relaxed);
                    }
                    return Some(Err(not_done(describe(&error))));
                }
                false => describe(&error),
            },
            Fault::Lost(why) => why,
        };
        self.give_up();
        let may_be_written = at_commit || self.mode == Mode::Statement;
        match may_be_written {
            true => Some(Err(unknown(error))),
            false if tries.lost() => None,
            false => Some(Err(not_done(error))),
        }
    }

    /// The connection does not go back to the pool.
    fn give_up(&mut self) {
        self.begun.store(false, Ordering::Relaxed);
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

/// A verb whose caller went away leaves its transaction open: closing the connection takes it back.
impl Drop for Connection {
    fn drop(&mut self) {
        if self.begun.load(Ordering::Relaxed) {
            self.give_up();
        }
    }
}

fn arranged<'v, 'p>(
    sql: &'static str,
    params: &'p [Named<'v>],
) -> Verb<(&'static Statement, Vec<&'p Value<'v>>)> {
    let statement = Statement::of(sql);
    let Some(values) = statement.arrange(params) else {
        let given: Vec<_> = params.iter().map(|(name, _)| *name).collect();
        let why = format!("the parameters {given:?} are not those of: {sql}");
        return Err(StoreError::rejected(why).into());
    };
    Ok((statement, values))
}

/// How often a verb has run.
#[derive(Debug)]
pub(super) struct Tries {
    began: Instant,
    conflicts: u32,
    lost: bool,
}

impl Tries {
    /// Conflicts after which the caller is told to try again later.
    const MOST: u32 = 40;
    /// The longest a verb runs again and again.
    const LONGEST: Duration = Duration::from_secs(5);

    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            conflicts: 0,
            lost: false,
        }
    }

    /// Whether to run again after a conflict with another transaction.
    fn conflict(&mut self) -> bool {
        self.conflicts += 1;
        metrics::counter!("cardea_store_conflicts_total").increment(1);
        self.conflicts < Self::MOST && self.began.elapsed() < Self::LONGEST
    }

    /// Whether to run again on another connection: once, as the server may have restarted since this one was used.
    fn lost(&mut self) -> bool {
        !std::mem::replace(&mut self.lost, true)
    }

    /// Waits a while, so that those who got in each other's way don't do so again: up to 2 ms at first, twice as long each time.
    pub(super) async fn pause(&self) {
        let most = 1_u32 << self.conflicts.min(7);
        // Where the clock of the machine stands in its millisecond is jitter enough.
        let jitter = self.began.elapsed().subsec_nanos() % 1000;
        let pause = Duration::from_millis(u64::from(most)).mul_f64(f64::from(jitter) / 1000.0);
        tokio::time::sleep(pause).await;
    }
}

/// Runs a verb on a connection of its own, again when another transaction was faster.
macro_rules! run {
    ($store:expr, $mode:expr, $db:ident => $verb:expr) => {{
        let mut tries = $crate::postgres::connection::Tries::new();
        loop {
            let $db = $store.connect($mode).await?;
            let outcome = $verb.await;
            match $db.end(outcome, &mut tries).await {
                Some(result) => break result,
                None => tries.pause().await,
            }
        }
    }};
}
pub(super) use run;

/// Runs a verb that reads.
macro_rules! read {
    ($store:expr, $db:ident => $verb:expr) => {
        $crate::postgres::connection::run!($store, $crate::postgres::connection::Mode::Read, $db => $verb)
    };
}
pub(super) use read;

/// Runs a verb that writes, in one transaction.
macro_rules! transaction {
    ($store:expr, $db:ident => $verb:expr) => {
        $crate::postgres::connection::run!($store, $crate::postgres::connection::Mode::Transaction, $db => $verb)
    };
}
pub(super) use transaction;

/// Runs a verb whose one statement writes.
macro_rules! statement {
    ($store:expr, $db:ident => $verb:expr) => {
        $crate::postgres::connection::run!($store, $crate::postgres::connection::Mode::Statement, $db => $verb)
    };
}
pub(super) use statement;
