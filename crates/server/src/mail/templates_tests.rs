#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;

use cardea_protocol::{language::Lang, mail::MailTemplate};
use tempfile::TempDir;

use super::*;
use crate::{
    config::MailConfig,
    mail::{
        message::{Parts, compose},
        sample,
    },
    pages::{Colour, HOSTILE},
};

fn folder(files: &[(&str, &str)]) -> (TempDir, MailConfig) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let config = MailConfig {
        templates: Some(folder.path().display().to_string()),
        ..MailConfig::default()
    };
    (folder, config)
}

fn mail_of(files: &[(&str, &str)], mail: &Mail) -> Parts {
    let (_folder, config) = folder(files);
    let templates = Templates::of(&config).unwrap_or_else(|e| panic!("{e:?}"));
    let frame = sample::frame(mail.lang(), "Example", Colour::BLACK);
    compose(&templates, mail, &frame).unwrap()
}

/// What is wrong with one file.
fn refused(name: &str, text: &str) -> String {
    let (folder, config) = folder(&[(name, text)]);
    let problems = Templates::of(&config).err().unwrap_or_default();
    assert_eq!(problems.len(), 1, "{name}: {text}: {problems:?}");
    let problem = problems[0].to_string();
    let start = format!("mail.templates: {}/{name}", folder.path().display());
    let rest = problem.strip_prefix(&start);
    rest.unwrap_or_else(|| panic!("{problem}")).to_owned()
}

#[test]
fn a_file_replaces_one_part_of_one_mail_in_one_language() {
    let files = [
        (
            "password_reset.de.subject",
            "Neues Passwort für {{ brand }}\n",
        ),
        (
            "password_reset.de.txt",
            "{{ user }}: {{ link.url }} ({{ subject }})",
        ),
    ];
    let mail = |template, lang| sample::full(template, lang).unwrap();
    let reset = mail_of(&files, &mail(MailTemplate::PasswordReset, Lang::De));
    assert_eq!(reset.subject, "Neues Passwort für Example");
    let text = format!(
        "Ålice Østergård: {} (Neues Passwort für Example)",
        sample::URL
    );
    assert_eq!(reset.text, text);
    assert!(
        reset.html.contains("<title>Neues Passwort"),
        "{}",
        reset.html
    );
    let english = mail_of(&files, &mail(MailTemplate::PasswordReset, Lang::En));
    assert_eq!(english.subject, "Choose a new password for Example");
    let other = mail_of(&files, &mail(MailTemplate::VerifyEmail, Lang::De));
    assert!(!other.text.contains("Neues Passwort"), "{}", other.text);
}

#[test]
fn a_frame_is_for_all_mails_that_have_no_file_of_their_own() {
    let html = "<h1>{{ subject }}</h1>{{ hello }} {{ text }}{% for row in details %}<b>{{ row.label }}</b>{{ row.value }}{% endfor %}\
                {% if link %}<a href=\"{{ link.url }}\">{{ link.button }}</a> {{ link.until }}{% endif %}";
    let files = [
        ("mail.html", html),
        ("new_device.en.html", "own {{ device }}"),
    ];
    let of = |template| mail_of(&files, &sample::full(template, Lang::En).unwrap()).html;
    assert_eq!(of(MailTemplate::NewDevice), "own Firefox, Linux");
    let invitation = of(MailTemplate::OrganizationInvitation);
    assert!(
        invitation.contains("<bdi>Bob</bdi> invites you to <bdi>Acme &#38; Sons</bdi>"),
        "texts of Cardea are HTML already: {invitation}"
    );
}

#[test]
fn all_variables_of_cardeas_own_templates_can_be_used() {
    let all: String = VARIABLES
        .iter()
        .filter(|name| !matches!(**name, "link" | "details"))
        .map(|name| format!("{name}=[{{{{ {name} }}}}]\n"))
        .collect();
    let text = format!(
        "{all}{{{{ link.url }}}} {{{{ link.button }}}} {{{{ link.copy }}}} {{{{ link.until }}}}"
    );
    let mail = sample::full(MailTemplate::AccountDeletion, Lang::Fr).unwrap();
    let parts = mail_of(&[("account_deletion.fr.txt", &text)], &mail);
    for said in [
        "count=[3]",
        "lang=[fr]",
        "accent=[#000000]",
        "device=[]",
        "time=[28 mars 2026",
    ] {
        assert!(parts.text.contains(said), "{said}: {}", parts.text);
    }
}

#[test]
fn html_in_values_is_escaped_and_directions_end() {
    let mail = sample::full(MailTemplate::OrganizationInvitation, Lang::En).unwrap();
    let mail = mail.with(cardea_protocol::mail::MailValue::Inviter, HOSTILE);
    let files = [
        (
            "organization_invitation.en.html",
            "<p title=\"{{ inviter }}\">{{ inviter }}</p>{{ link.url }}",
        ),
        (
            "organization_invitation.en.txt",
            "{{ inviter }} {{ link.url }}",
        ),
        ("organization_invitation.en.subject", "From {{ inviter }}"),
    ];
    let parts = mail_of(&files, &mail);
    assert!(
        !parts.html.contains("<script") && !parts.html.contains("\"'&"),
        "{}",
        parts.html
    );
    for part in [&parts.html, &parts.text, &parts.subject] {
        assert!(!part.contains('\u{202e}'), "{part}");
    }
}

#[test]
fn a_broken_file_is_refused_with_its_line() {
    let lines = |last: &str| format!("{{{{ link.url }}}}\n\n{last}");
    for (last, said) in [
        (
            "{{ usr }}",
            ":3: there is no variable \"usr\"; there are accent, address",
        ),
        ("{% if user %}", ":3: syntax error"),
        ("{{ user", ":3: syntax error"),
        ("{{ user|upcase }}", ":3: unknown filter"),
        ("{{ link.ulr }}", ":3: undefined value"),
        ("{% include 'x' %}", ":3: syntax error"),
        (
            "{% for a in range(99999) %}{% for b in range(99999) %}{{ b }}{% endfor %}{% endfor %}",
            ":3: engine ran out of fuel",
        ),
    ] {
        let found = refused("password_reset.en.txt", &lines(last));
        assert!(found.starts_with(said), "{last}: {found}");
    }
    let found = refused(
        "password_reset.en.html",
        "<p>{{ user|safe }}</p>{{ link.url }}",
    );
    assert!(found.contains("without escaping"), "{found}");
    let found = refused(
        "password_reset.en.html",
        "{% autoescape false %}{{ user }}{% endautoescape %}{{ link.url }}",
    );
    assert!(found.contains("without escaping"), "{found}");
    let found = refused("password_reset.en.txt", "Hello {{ user }}");
    assert!(found.contains("password_reset needs its link"), "{found}");
    let found = refused("mail.txt", "{{ text }}");
    assert!(found.contains("needs its link"), "{found}");
    let found = refused("new_device.en.txt", "{{ link.url }}");
    assert!(
        found.starts_with(":1: undefined value"),
        "some mails have no link: {found}"
    );
    for subject in ["", " \n", "one\ntwo"] {
        let found = refused("password_reset.en.subject", subject);
        assert!(found.contains("one line"), "{found}");
    }
}

#[test]
fn a_file_that_nothing_reads_is_refused_with_what_there_is() {
    for (name, said) in [
        (
            "reset_password.en.txt",
            "there is no mail \"reset_password\"; there are sign_up, ",
        ),
        (
            "password_reset.it.txt",
            "there is no language \"it\"; there are en, de, fr, es",
        ),
        (
            "password_reset.en.text",
            "there is no part \"text\"; there are subject, txt and html",
        ),
        ("password_reset.html", "name files <mail>.<language>.<part>"),
        ("mail.subject", "not a part of all mails"),
        ("README", "name files"),
    ] {
        let found = refused(name, "x");
        assert!(found.contains(said), "{name}: {found}");
    }
    let (folder, config) = folder(&[(".hidden", "{{"), ("new_device.en.txt~", "{{")]);
    assert!(Templates::of(&config).is_ok());
    fs::write(folder.path().join("new_device.en.txt"), b"\xff").unwrap();
    assert!(Templates::of(&config).is_err(), "not UTF-8");
    drop(folder);
    let missing = Templates::of(&config).err().unwrap();
    assert!(
        missing[0].to_string().contains("No such file"),
        "{missing:?}"
    );
}
