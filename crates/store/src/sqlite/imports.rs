//! Import and export of users.

use async_trait::async_trait;
use cardea_seal::Secret;
use rusqlite::Connection;

use super::{
    SqliteStore,
    fault::{Fault, Verb},
    rows::{self, Fields},
    users::{self, USER_COLUMNS, user_columns},
};
use crate::{
    AddUser, ImportUsers, Imported, Imports, Page, PortableUser, Result, Rows, StoreError,
    UserPosition,
};

#[async_trait]
impl Imports for SqliteStore {
    async fn import_users(&self, command: ImportUsers) -> Result<Vec<Imported>> {
        self.write(move |tx| import(tx, command)).await
    }

    async fn export_users(
        &self,
        page: Page<UserPosition>,
    ) -> Result<Rows<PortableUser, UserPosition>> {
        let sql = concat!(
            "SELECT ",
            user_columns!(),
            ", c.secret, u.username_key FROM users u
             LEFT JOIN credentials c ON c.user_key = u.user_key AND c.kind = 'password'
             WHERE u.username_key > ? ORDER BY u.username_key LIMIT ?"
        );
        let (limit, read) = rows::limits(&page);
        let after = page.after.map_or_else(String::new, |position| position.0);
        let found = self.read(|db| {
            rows::all(db, sql, (&after, read), |row| {
                let mut f = Fields::new(row, "credentials", USER_COLUMNS);
                let hash: Option<String> = f.get("secret")?;
                let user = PortableUser {
                    user: users::decode(row, 0)?,
                    password_hash: hash.map(Secret::new),
                };
                Ok((UserPosition(row.get(USER_COLUMNS + 1)?), user))
            })
        })?;
        Ok(rows::page(found, limit))
    }
}

fn import(tx: &Connection, command: ImportUsers) -> Verb<Vec<Imported>> {
    tx.execute_batch("SAVEPOINT import")?;
    let cause = command.cause;
    let results = command.users.into_iter().map(|user| {
        let PortableUser {
            user,
            password_hash,
        } = user;
        // A statement that breaks a constraint changes nothing, and it is the first one of a user.
        match users::add(
            tx,
            &AddUser {
                user,
                password_hash,
                cause: cause.clone(),
            },
        ) {
            Ok(()) => Ok(Imported::Added),
            Err(Fault::Own(StoreError::Conflict { constraint })) => {
                Ok(Imported::Refused(constraint))
            }
            Err(fault) => Err(fault),
        }
    });
    let results = results.collect::<Verb<Vec<_>>>()?;
    if command.dry_run {
        tx.execute_batch("ROLLBACK TO import")?;
    }
    tx.execute_batch("RELEASE import")?;
    Ok(results)
}
