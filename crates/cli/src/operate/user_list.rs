//! `cardea user list`

use cardea_server::admin::types::{List, User, UsersQuery};
use cardea_web::clock::{Clock as _, SystemClock};
use clap::Args;

use super::{Desk, user_answers::standing};
use crate::{
    admin::with_query,
    commands::PageOptions,
    output::{Columns, word},
};

#[derive(Args)]
pub(super) struct ListOptions {
    /// Only users with these words: each begins a word of the user name, the e-mail address or the name. The oldest comes first.
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true)]
    search: Option<String>,
    #[command(flatten)]
    page: PageOptions,
}

impl ListOptions {
    pub(super) async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        let empty = match self.search {
            Some(_) => "No user has these words.",
            None => "There are no users yet. Add one: cardea user add alice",
        };
        let query = UsersQuery {
            limit: self.page.limit,
            after: self.page.after,
            search: self.search,
        };
        let users: List<User> = desk.admin.get(&with_query("/users", &query)?).await?;
        let columns = Columns {
            names: &["NAME", "SUBJECT", "STATUS", "E-MAIL", "ROLES"],
            row: |user: &User| {
                vec![
                    word(&user.username),
                    word(&user.sub),
                    standing(user, SystemClock.now()).to_owned(),
                    word(&user.email),
                    word(&user.roles),
                ]
            },
            empty,
        };
        desk.out.list(&users, &columns)
    }
}
