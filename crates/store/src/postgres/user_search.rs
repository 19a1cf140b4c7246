//! Searches users by their words, which are rows: in lower case, without accents.

use std::{cmp::Reverse, collections::BTreeSet};

use cardea_protocol::model::User;
use serde_json::Value as Json;
use unicode_normalization::{UnicodeNormalization as _, char::canonical_combining_class};

use super::{
    connection::Connection,
    fault::Verb,
    rows,
    statement::{Named, Value, params},
    users::{USER_COLUMNS, decode, has_password, user_columns},
};
use crate::{Page, Rows, SearchPosition, UserSearch, UserUpdate, UserView};

/// The characters of a word that count. It also bounds the rows of the index.
const LONGEST: usize = 64;

/// The parameters of a condition: it finds a word that is not before the first, and before the second.
const BOUNDS: [(&str, &str); 8] = [
    (":low1", ":high1"),
    (":low2", ":high2"),
    (":low3", ":high3"),
    (":low4", ":high4"),
    (":low5", ":high5"),
    (":low6", ":high6"),
    (":low7", ":high7"),
    (":low8", ":high8"),
];

macro_rules! select {
    ($more:literal $($number:literal)+) => {
        concat!(
            "SELECT ",
            user_columns!(),
            ", ",
            has_password!(),
            ", u.user_key FROM users u WHERE u.user_key > :after",
            $(
                " AND EXISTS (SELECT 1 FROM user_words w WHERE w.user_key = u.user_key AND w.word >= :low",
                $number,
                " AND w.word < :high",
                $number,
                ")",
            )+
            $more,
            " ORDER BY u.user_key LIMIT :limit"
        )
    };
}

/// The statements by the number of their conditions. A condition of its own for each word lets PostgreSQL begin with the rarest.
static FEW: [&str; BOUNDS.len()] = [
    select!("" 1),
    select!("" 1 2),
    select!("" 1 2 3),
    select!("" 1 2 3 4),
    select!("" 1 2 3 4 5),
    select!("" 1 2 3 4 5 6),
    select!("" 1 2 3 4 5 6 7),
    select!("" 1 2 3 4 5 6 7 8),
];

/// Conditions on more words than that: an address can have many.
static MANY: &str = select!(" AND NOT EXISTS
    (SELECT 1 FROM unnest(:lows, :highs) AS b (low, high) WHERE NOT EXISTS
        (SELECT 1 FROM user_words w WHERE w.user_key = u.user_key AND w.word >= b.low AND w.word < b.high))"
    1 2 3 4 5 6 7 8);

/// A page of the users that have all words, the oldest user first.
pub(super) async fn find_users(
    db: &Connection,
    search: &UserSearch,
    page: &Page<SearchPosition>,
) -> Verb<Rows<UserView, SearchPosition>> {
    let (limit, read) = rows::limits(page);
    let ranges = ranges(search);
    let Some(last) = ranges.len().checked_sub(1) else {
        return Ok(rows::page(Vec::new(), limit));
    };
    let after = page.after.as_ref().map_or(i64::MIN, |position| position.0);
    let mut params: Vec<Named<'_>> = vec![
        (":after", Value::from(after)),
        (":limit", Value::from(read)),
    ];
    for ((low, high), range) in BOUNDS.into_iter().zip(&ranges) {
        params.push((low, Value::from(&range.low)));
        params.push((high, Value::from(&range.high)));
    }
    let sql = FEW.get(last).copied().unwrap_or(MANY);
    if let Some(rest) = ranges.get(BOUNDS.len()..).filter(|rest| !rest.is_empty()) {
        let lows: Vec<&str> = rest.iter().map(|range| range.low.as_str()).collect();
        let highs: Vec<&str> = rest.iter().map(|range| range.high.as_str()).collect();
        params.push((":lows", Value::from(lows)));
        params.push((":highs", Value::from(highs)));
    }
    let found = rows::all(db, sql, &params, |row| {
        let view = UserView {
            user: decode(row, 0)?,
            has_password: rows::read(row, USER_COLUMNS)?,
        };
        Ok((SearchPosition(rows::read(row, USER_COLUMNS + 1)?), view))
    });
    Ok(rows::page(found.await?, limit))
}

/// Words that a user must have one of: from the first on, and before the second.
struct Range {
    low: String,
    high: String,
}

/// What a search asks for, the longest first: it is most likely the rarest. A word of it may be several of a user, as addresses are:
/// the last one is a beginning, those before are whole.
fn ranges(search: &UserSearch) -> Vec<Range> {
    let mut ranges = Vec::new();
    for text in search.words() {
        let mut words = words_of(text);
        if let Some(beginning) = words.pop() {
            // No word has this character, and no character comes after it.
            let high = format!("{beginning}\u{10ffff}");
            ranges.push(Range {
                low: beginning,
                high,
            });
        }
        // Nor a space, which comes before all that a word has.
        ranges.extend(words.into_iter().map(|low| Range {
            high: format!("{low} "),
            low,
        }));
    }
    ranges.sort_by_key(|range| Reverse(range.low.len()));
    ranges
}

/// The words of a text: letters and digits, in any case, without accents (UAX 15). Vowel signs of other scripts are no accents.
fn words_of(text: &str) -> Vec<String> {
    let plain = text.nfd().filter(|c| canonical_combining_class(*c) == 0);
    // There and back: σ and ς are one, so are ß and ss.
    let folded: String = plain
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().take(LONGEST).collect())
        .collect()
}

fn words(user: &User) -> BTreeSet<String> {
    let names = ["name", "given_name", "family_name"]
        .into_iter()
        .filter_map(|claim| user.claims.get(claim).and_then(Json::as_str));
    let texts = [user.username.as_str()]
        .into_iter()
        .chain(user.email.as_deref());
    texts.chain(names).flat_map(words_of).collect()
}

/// Writes the words of a new user.
pub(super) async fn add(db: &Connection, user: i64, of: &User) -> Verb<()> {
    let words: Vec<String> = words(of).into_iter().collect();
    let sql = "INSERT INTO user_words (word, user_key) SELECT t.word, :user FROM unnest(:words) AS t (word)
               ON CONFLICT DO NOTHING";
    let params = params! { ":words": words, ":user": user };
    rows::execute(db, sql, params).await.map(drop)
}

/// Replaces the words of a user.
pub(super) async fn write(db: &Connection, user: i64, of: &User) -> Verb<()> {
    let words: Vec<String> = words(of).into_iter().collect();
    let sql = "DELETE FROM user_words WHERE user_key = :user AND word <> ALL (:words)";
    rows::execute(db, sql, params! { ":words": words, ":user": user }).await?;
    add(db, user, of).await
}

/// Writes what a change of a locked user changes of the words.
pub(super) async fn change(
    db: &Connection,
    user: i64,
    before: &User,
    update: &UserUpdate,
) -> Verb<()> {
    if update.email.is_none() && update.claims.is_none() {
        return Ok(());
    }
    let mut after = before.clone();
    if let Some(email) = &update.email {
        after.email = email.as_ref().map(|(email, _)| email.clone());
    }
    if let Some(claims) = &update.claims {
        after.claims.clone_from(claims);
    }
    match words(before) == words(&after) {
        true => Ok(()),
        false => write(db, user, &after).await,
    }
}
