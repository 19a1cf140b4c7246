//! What becomes of a mail after a try to send it (D28).

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::Mail;
use crate::outbox::Verdict;

/// How long after the first try the second one follows. Each wait is twice the one before.
const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);
/// RFC 5321 §4.5.4.1 recommends four to five days, for mail that people write. A link is of no use as long.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// The longest reason that is kept, in characters.
const MAX_REASON_CHARS: usize = 300;

/// The result of one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The mail server has taken the mail.
    Accepted,
    /// The mail server has refused, with this reply code and text.
    Refused(u16, String),
    /// There was no answer, for this reason.
    None(String),
    /// The mail can't be written, for this reason.
    Unreadable(String),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Refused(code, text) => write!(f, "the mail server answered {code} {text}"),
            Self::None(why) | Self::Unreadable(why) => f.write_str(why),
        }
    }
}

impl Answer {
    /// For the log and the audit, which keep no address: mail servers repeat it in their answers.
    #[must_use]
    pub fn without_address(&self, mail: &Mail) -> String {
        let to = mail.to();
        let forms = [to.as_str().to_owned(), to.to_ascii(), to.key()];
        let text = self.to_string();
        forms
            .iter()
            .fold(text, |text, form| text.replace(form, "the address"))
    }
}

/// Judges a try to send a mail that was written at `made_at`; the first try is 1.
#[must_use]
pub fn judge(
    answer: &Answer,
    mail: &Mail,
    attempt: u32,
    made_at: Timestamp,
    now: Timestamp,
) -> Verdict {
    let give_up = |why: &str| Verdict::GiveUp(reason(mail, attempt, why));
    let told = answer.without_address(mail);
    match answer {
        Answer::Accepted => return Verdict::Delivered,
        Answer::Unreadable(_) => return give_up(&told),
        // RFC 5321 §4.2.1: 5yz is permanent.
        Answer::Refused(500..=599, _) if !is_about_us(answer) => {
            return give_up(&told);
        }
        // RFC 5321 §4.2.1: 4yz is transient.
        Answer::Refused(..) | Answer::None(_) => {}
    }
    let after = |time: Timestamp, wait| time.saturating_add(wait).unwrap_or(Timestamp::MAX);
    let mut last = after(made_at, GIVE_UP_AFTER);
    if let Some(link) = mail.link() {
        if link.expires_at <= now {
            return give_up(&format!("its link has expired; {told}"));
        }
        last = last.min(link.expires_at);
    }
    if now >= last {
        return give_up(&told);
    }
    let doubled = FIRST_WAIT.as_secs() << attempt.saturating_sub(1).min(6);
    let wait = SignedDuration::from_secs(doubled).min(LONGEST_WAIT);
    Verdict::RetryAt(after(now, wait).min(last))
}

/// RFC 4954 §6 and RFC 3207 §4: the server refuses the sender, whose configuration can be corrected. The mail is not lost by it.
fn is_about_us(answer: &Answer) -> bool {
    matches!(answer, Answer::Refused(530 | 534 | 535 | 538, _))
}

fn reason(mail: &Mail, attempt: u32, why: &str) -> String {
    let (template, domain) = (mail.template().name(), mail.to().domain());
    let text = format!("{template} to an address at {domain}; tries: {attempt}; {why}");
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(MAX_REASON_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        language::Lang,
        mail::{EmailAddress, MailLink, MailTemplate},
        samples::{now, seconds},
    };

    fn mail() -> Mail {
        let to = EmailAddress::parse("Alice@example.com").unwrap();
        Mail::new(to, MailTemplate::PasswordReset, Lang::En)
    }

    fn refused(code: u16) -> Answer {
        Answer::Refused(code, "no".to_owned())
    }

    #[test]
    fn a_mail_that_is_accepted_is_delivered() {
        let verdict = judge(
            &Answer::Accepted,
            &mail(),
            9,
            now(),
            now() + seconds(86_400),
        );
        assert_eq!(verdict, Verdict::Delivered);
    }

    #[test]
    fn a_permanent_refusal_is_final_and_a_transient_one_is_not() {
        for code in [500, 503, 550, 552, 554, 599] {
            let verdict = judge(&refused(code), &mail(), 1, now(), now());
            assert!(matches!(verdict, Verdict::GiveUp(_)), "{code}");
        }
        let again = Verdict::RetryAt(now() + seconds(60));
        for code in [421, 450, 451, 452, 454, 499, 0] {
            let verdict = judge(&refused(code), &mail(), 1, now(), now());
            assert_eq!(verdict, again, "{code}");
        }
        let no_answer = Answer::None("connection refused".to_owned());
        assert_eq!(judge(&no_answer, &mail(), 1, now(), now()), again);
    }

    #[test]
    fn a_wrong_password_of_the_mail_server_loses_no_mail() {
        let again = Verdict::RetryAt(now() + seconds(60));
        for code in [530, 534, 535, 538] {
            let verdict = judge(&refused(code), &mail(), 1, now(), now());
            assert_eq!(verdict, again, "{code}");
        }
    }

    #[test]
    fn a_mail_is_tried_for_a_day_at_most_an_hour_apart() {
        let mut at = now();
        let mut waits = Vec::new();
        let mut tries = 1;
        while let Verdict::RetryAt(next) = judge(&refused(451), &mail(), tries, now(), at) {
            waits.push(next.duration_since(at).as_secs() / 60);
            (at, tries) = (next, tries + 1);
        }
        assert_eq!(waits.get(..8).unwrap(), [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(waits.iter().all(|wait| *wait <= 60));
        assert_eq!(at, now() + seconds(86_400), "the last try");
        let late = judge(&refused(451), &mail(), u32::MAX, now(), at);
        let why = "password_reset to an address at example.com; tries: 4294967295; the mail server answered 451 no";
        assert_eq!(late, Verdict::GiveUp(why.to_owned()));
    }

    #[test]
    fn a_mail_is_not_sent_after_its_link_has_expired() {
        let mail = mail().link_to(MailLink {
            path: "/password_reset".to_owned(),
            sealed_token: String::new(),
            expires_at: now() + seconds(900),
        });
        let at = |secs, tries| judge(&refused(451), &mail, tries, now(), now() + seconds(secs));
        assert_eq!(at(0, 1), Verdict::RetryAt(now() + seconds(60)));
        assert_eq!(at(890, 5), Verdict::RetryAt(now() + seconds(900)));
        let Verdict::GiveUp(why) = at(900, 6) else {
            panic!("it is tried again")
        };
        assert!(why.contains("its link has expired"), "{why}");
    }

    #[test]
    fn the_reason_in_the_audit_is_one_bounded_line_without_the_address() {
        let text = format!(
            "5.1.1 <Alice@example.com>: alice@example.com\r\nunknown {}",
            "x".repeat(9000)
        );
        let answer = Answer::Refused(550, text);
        let Verdict::GiveUp(why) = judge(&answer, &mail(), 1, now(), now()) else {
            panic!("it is tried again")
        };
        assert!(!why.to_lowercase().contains("alice"), "{why}");
        assert!(why.contains("550 5.1.1") && why.contains("example.com"));
        assert!(why.chars().count() <= MAX_REASON_CHARS && !why.contains(['\r', '\n']));
    }
}
