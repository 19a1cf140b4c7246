//! What a template in a file may use.

use cardea_protocol::mail::{Mail, MailValue};
use minijinja::Value;

use super::{
    place::Part,
    words::{Words, time},
};
use crate::i18n::{Message, is_directional};

/// The names.
pub(super) const VARIABLES: [&str; 22] = [
    "accent",
    "address",
    "brand",
    "count",
    "details",
    "device",
    "factor",
    "hello",
    "ignore",
    "inviter",
    "issuer",
    "lang",
    "link",
    "network",
    "on_accent",
    "organization",
    "provider",
    "sent_by",
    "subject",
    "text",
    "time",
    "user",
];

/// The values of one mail. What it does not have is empty.
pub(super) fn of(part: Part, mail: &Mail, words: &Words<'_>) -> Value {
    // Texts of Cardea are HTML already in an HTML part.
    let text = |message: &Message<'_>| match part {
        Part::Html => Value::from_safe_string(message.to_string()),
        Part::Subject | Part::Text => Value::from(message.plain()),
    };
    let link = words.link.as_ref().map(|link| {
        Value::from_pairs([
            ("url", Value::from(link.url.as_str())),
            ("button", Value::from(link.button)),
            ("copy", Value::from(link.copy)),
            ("until", text(&link.until)),
        ])
    });
    let details = words.details.iter().map(|(label, value)| {
        Value::from_pairs([
            ("label", Value::from(*label)),
            ("value", Value::from(upright(value))),
        ])
    });
    let of_cardea = [
        ("accent", Value::from(words.accent.to_string())),
        ("brand", Value::from(words.brand)),
        ("details", details.collect::<Value>()),
        ("hello", text(&words.hello)),
        ("ignore", Value::from(words.ignore.unwrap_or_default())),
        ("issuer", Value::from(words.issuer)),
        ("lang", Value::from(words.lang.as_str())),
        ("link", link.unwrap_or_else(|| Value::from(""))),
        ("on_accent", Value::from(words.on_accent.to_string())),
        ("sent_by", text(&words.sent_by)),
        ("subject", Value::from(words.subject.as_str())),
        ("text", text(&words.text)),
    ];
    let of_mail = MailValue::ALL
        .iter()
        .map(|value| value_of(*value, mail, words));
    Value::from_pairs(of_cardea.into_iter().chain(of_mail))
}

fn value_of(value: MailValue, mail: &Mail, words: &Words<'_>) -> (&'static str, Value) {
    let shown = match value {
        MailValue::Time => mail.time().map(|at| time(words.lang, at)),
        _ => mail.value(value).map(upright),
    };
    let count = mail.value(value).and_then(|text| text.parse::<u64>().ok());
    match (value, count) {
        (MailValue::Count, Some(count)) => (value.name(), Value::from(count)),
        _ => (value.name(), Value::from(shown.unwrap_or_default())),
    }
}

/// UAX #9: without characters that change the direction of the text after them.
fn upright(value: &str) -> String {
    value.chars().filter(|c| !is_directional(*c)).collect()
}
