//! Import and export of users.

use async_trait::async_trait;
use cardea_protocol::model::User;
use cardea_seal::Secret;

use super::{
    PostgresStore,
    connection::{Connection, read, transaction},
    fault::Verb,
    new_users,
    passwords::Counts,
    rows::{self, Fields},
    statement::params,
    usernames,
    users::{self, USER_COLUMNS, user_columns},
};
use crate::{ImportUsers, Imported, Imports, Page, PortableUser, Result, Rows, UserPosition};

#[async_trait]
impl Imports for PostgresStore {
    async fn import_users(&self, command: ImportUsers) -> Result<Vec<Imported>> {
        transaction!(self, db => import(&db, &command))
    }

    async fn export_users(
        &self,
        page: Page<UserPosition>,
    ) -> Result<Rows<PortableUser, UserPosition>> {
        read!(self, db => export(&db, &page))
    }
}

async fn export(
    db: &Connection,
    page: &Page<UserPosition>,
) -> Verb<Rows<PortableUser, UserPosition>> {
    let sql = concat!(
        "SELECT ",
        user_columns!(),
        ", c.secret, u.username_key FROM users u
         LEFT JOIN credentials c ON c.user_key = u.user_key AND c.kind = 'password'
         WHERE u.username_key > :after ORDER BY u.username_key LIMIT :limit"
    );
    let (limit, read) = rows::limits(page);
    let after = page
        .after
        .as_ref()
        .map_or("", |position| position.0.as_str());
    let params = params! { ":after": after, ":limit": read };
    let found = rows::all(db, sql, params, |row| {
        let mut f = Fields::new(row, "credentials", USER_COLUMNS);
        let hash: Option<String> = f.get("secret")?;
        let user = PortableUser {
            user: users::decode(row, 0)?,
            password_hash: hash.map(Secret::new),
        };
        Ok((UserPosition(rows::read(row, USER_COLUMNS + 1)?), user))
    });
    Ok(rows::page(found.await?, limit))
}

async fn import(db: &Connection, command: &ImportUsers) -> Verb<Vec<Imported>> {
    if command.dry_run {
        rows::execute(db, "SAVEPOINT import", params! {}).await?;
    }
    let users: Vec<&User> = command.users.iter().map(|one| &one.user).collect();
    usernames::lock_looks(db, &users).await?;
    let mut counts = Counts::default();
    let mut results = Vec::new();
    for PortableUser {
        user,
        password_hash,
    } in &command.users
    {
        let hash = password_hash.as_ref();
        let added = new_users::add_row(db, user, hash, &command.cause, &mut counts).await?;
        results.push(match added {
            Ok(_) => Imported::Added,
            Err(constraint) => Imported::Refused(constraint),
        });
    }
    match command.dry_run {
        true => rows::execute(db, "ROLLBACK TO SAVEPOINT import", params! {})
            .await
            .map(drop)?,
        false => counts.write(db).await?,
    }
    Ok(results)
}
