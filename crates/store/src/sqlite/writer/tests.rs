use super::*;
use crate::{
    Constraint,
    sqlite::{fault::conflict, journal::SqliteJournal, open},
};

#[tokio::test]
async fn a_command_without_savepoint_that_fails_after_writing_loses_its_batch() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = open::open(&folder.path().join("cardea.db")).unwrap();
    opened.migrate(true).unwrap();
    let journal = Box::new(SqliteJournal::new(opened.writer));
    let readers = Arc::new(Readers::new(Vec::new()));
    let checkpoints = Arc::new(Checkpoints::new(readers.clone()));
    let writer = Writer::spawn(journal, Arc::new(Health::new()), readers, checkpoints).unwrap();
    let write = |verb: fn(&Connection) -> Verb<i64>| {
        writer.write(Priority::Request, OnError::LoseBatch, verb)
    };
    let count = |tx: &Connection| -> Verb<i64> {
        Ok(tx.query_row("SELECT count(*) FROM probe", [], |row| row.get(0))?)
    };

    let before = write(|_| Err(conflict(Constraint::UserName))).await;
    assert!(
        matches!(before, Err(StoreError::Conflict { .. })),
        "{before:?}"
    );
    let after = write(|tx| {
        tx.execute("INSERT INTO probe (filler) VALUES (x'00')", [])?;
        Err(conflict(Constraint::UserName))
    });
    let after = after.await;
    assert!(
        matches!(after, Err(StoreError::Unavailable { .. })),
        "{after:?}"
    );
    assert_eq!(write(count).await, Ok(0), "and the store goes on");
}
