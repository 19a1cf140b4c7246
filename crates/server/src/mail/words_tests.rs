//! Every mail in every language, beside what it was when it was last looked at. After a change rewrite the samples with
//! `CARDEA_WRITE=1 cargo test -p cardea-server mail`, and look at them.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::Path};

use cardea_protocol::mail::EmailAddress;

use super::{super::sample, *};
use crate::pages::HOSTILE;

fn sample(template: MailTemplate, lang: Lang) -> Mail {
    sample::full(template, lang).unwrap()
}

fn frame(lang: Lang, brand: &str) -> Frame<'_> {
    Frame {
        url: Some("https://id.example.com/x?token=abc".to_owned()),
        ..sample::frame(lang, brand, Colour::parse("#0e6655").unwrap())
    }
}

fn rendered(mail: &Mail, frame: &Frame<'_>) -> (String, String, String) {
    let words = words(mail, frame);
    let text = TextPart { words: &words }.render().unwrap();
    let html = HtmlPart { words: &words }.render().unwrap();
    (words.subject, text, html)
}

fn fresh(name: &str, now: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mails");
    let path = folder.join(name);
    if option_env!("CARDEA_WRITE") == Some("1") {
        fs::create_dir_all(folder).unwrap();
        fs::write(&path, now).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == now,
        "tests/mails/{name} is another; CARDEA_WRITE=1 cargo test -p cardea-server mail, and look at it"
    );
}

#[test]
fn every_mail_in_every_language_is_as_it_was_looked_at() {
    for lang in Lang::ALL {
        let mut texts = String::new();
        for template in MailTemplate::ALL {
            let (subject, text, html) = rendered(&sample(*template, lang), &frame(lang, "Example"));
            for part in [&subject, &text, &html] {
                assert!(
                    !part.contains("{$") && !part.contains("mail-"),
                    "{lang}: {part}"
                );
            }
            texts.push_str(&format!(
                "=== {}\nSubject: {subject}\n\n{text}\n",
                template.name()
            ));
        }
        fresh(&format!("{lang}.txt"), &texts);
        let (_, _, html) = rendered(
            &sample(MailTemplate::NewDevice, lang),
            &frame(lang, "Example"),
        );
        fresh(&format!("new_device.{lang}.html"), &html);
    }
}

#[test]
fn html_in_names_stays_text() {
    for template in MailTemplate::ALL {
        let mut mail = sample(*template, Lang::En);
        for value in MailValue::ALL {
            if !matches!(value, MailValue::Time | MailValue::Count) {
                mail = mail.with(*value, HOSTILE);
            }
        }
        let (subject, text, html) = rendered(&mail, &frame(Lang::En, HOSTILE));
        assert!(!html.contains("<script"), "{html}");
        assert!(!text.contains('\u{202e}') || !subject.is_empty());
        assert!(!subject.contains(['\r', '\n']), "{subject}");
    }
}

#[test]
fn a_mail_without_its_values_can_be_sent() {
    let to = EmailAddress::parse("alice@example.com").unwrap();
    for template in MailTemplate::ALL {
        let mail = Mail::new(to.clone(), *template, Lang::En);
        let (subject, text, html) = rendered(&mail, &frame(Lang::En, "Example"));
        assert!(!subject.is_empty() && !text.is_empty() && html.contains("</html>"));
    }
}
