//! Renders the samples of all pages and looks at what a browser would get.
//! `CARDEA_WRITE=1 cargo test -p cardea-server samples` writes them to `target/pages/`, to be looked at.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod html;
mod languages;

use std::path::Path;

use askama::Template;

use self::html::Document;
use super::{Assets, Brand, csp};
use crate::{
    account::{
        activity::page::ActivityPage,
        apps::page::AppsPage,
        deletion::page::{DeletionPage, RequestedPage},
        devices::page::DevicesPage,
        export::page::ExportPage,
        profile::{email::page::EmailPage, page::ProfilePage},
        security::{
            authenticator_app::page::AuthenticatorAppPage, links::page::LinksPage,
            page::SecurityPage, passkeys::page::PasskeysPage, password::page::PasswordPage,
        },
    },
    choose_account::page::ChooseAccountPage,
    choose_organization::page::ChooseOrganizationPage,
    consent::page::ConsentPage,
    email_undo::page::UndoPage,
    end_session::page::{ConfirmPage, DonePage},
    error_page::page::ErrorPage,
    factor_reset::page::FactorResetPage,
    federation::{link_page::LinkAccountPage, page::FederationPage},
    invitation::page::{FirstAccountPage, InvitationPage},
    journey::{form_post::FormPostPage, kept::KeptPage},
    login::page::LoginPage,
    new_password::page::NewPasswordPage as DuePasswordPage,
    not_me::page::NotMePage,
    passkey::page::PasskeyPage,
    password_reset::page::{AskPage, NewPasswordPage},
    second_factor::page::{CodePage, CodesPage, EnrolPage},
    sign_up::page::SignUpPage,
    verify_email::{change_page::ChangePage, page::VerifyPage},
};

struct Sample {
    name: &'static str,
    csp: &'static str,
    html: String,
}

fn rendered<T: Template>(csp: &'static str, pages: Vec<(&'static str, T)>) -> Vec<Sample> {
    pages
        .into_iter()
        .map(|(name, page)| Sample {
            name,
            csp,
            html: page.render().unwrap(),
        })
        .collect()
}

fn samples() -> Vec<Sample> {
    [
        rendered(LoginPage::CSP, LoginPage::samples()),
        rendered(CodePage::CSP, CodePage::samples()),
        rendered(EnrolPage::CSP, EnrolPage::samples()),
        rendered(CodesPage::CSP, CodesPage::samples()),
        rendered(FactorResetPage::CSP, FactorResetPage::samples()),
        rendered(PasskeyPage::CSP, PasskeyPage::samples()),
        rendered(PasskeysPage::CSP, PasskeysPage::samples()),
        rendered(PasswordPage::CSP, PasswordPage::samples()),
        rendered(AskPage::CSP, AskPage::samples()),
        rendered(NewPasswordPage::CSP, NewPasswordPage::samples()),
        rendered(DuePasswordPage::CSP, DuePasswordPage::samples()),
        rendered(ConsentPage::CSP, ConsentPage::samples()),
        rendered(ChooseAccountPage::CSP, ChooseAccountPage::samples()),
        rendered(
            ChooseOrganizationPage::CSP,
            ChooseOrganizationPage::samples(),
        ),
        rendered(LinkAccountPage::CSP, LinkAccountPage::samples()),
        rendered(ConfirmPage::CSP, ConfirmPage::samples()),
        rendered(DonePage::CSP, DonePage::samples()),
        rendered(ProfilePage::CSP, ProfilePage::samples()),
        rendered(SecurityPage::CSP, SecurityPage::samples()),
        rendered(AuthenticatorAppPage::CSP, AuthenticatorAppPage::samples()),
        rendered(DevicesPage::CSP, DevicesPage::samples()),
        rendered(AppsPage::CSP, AppsPage::samples()),
        rendered(ActivityPage::CSP, ActivityPage::samples()),
        rendered(DeletionPage::CSP, DeletionPage::samples()),
        rendered(RequestedPage::CSP, RequestedPage::samples()),
        rendered(KeptPage::CSP, KeptPage::samples()),
        rendered(ExportPage::CSP, ExportPage::samples()),
        rendered(ErrorPage::CSP, ErrorPage::samples()),
        rendered(FormPostPage::CSP, FormPostPage::samples()),
        rendered(FederationPage::CSP, FederationPage::samples()),
        rendered(LinksPage::CSP, LinksPage::samples()),
        rendered(FirstAccountPage::CSP, FirstAccountPage::samples()),
        rendered(InvitationPage::CSP, InvitationPage::samples()),
        rendered(SignUpPage::CSP, SignUpPage::samples()),
        rendered(VerifyPage::CSP, VerifyPage::samples()),
        rendered(EmailPage::CSP, EmailPage::samples()),
        rendered(ChangePage::CSP, ChangePage::samples()),
        rendered(UndoPage::CSP, UndoPage::samples()),
        rendered(NotMePage::CSP, NotMePage::samples()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn all_samples_are_whole_documents() {
    for sample in samples() {
        let name = sample.name;
        let document = Document::parse(name, &sample.html);
        assert!(sample.html.starts_with("<!doctype html>"), "{name}");
        assert!(
            !document.only("html").attribute("lang").unwrap().is_empty(),
            "{name}"
        );
        assert!(document.text_of("title").contains(" · Cardea"), "{name}");
        assert!(!document.text_of("title").starts_with(" ·"), "{name}");
        assert!(!document.text_of("h1").trim().is_empty(), "{name}");
        document.only("h1");
        document.only("main");
        document.has_no_id_twice();
    }
}

#[test]
fn all_samples_obey_a_strict_policy() {
    for sample in samples() {
        let name = sample.name;
        let document = Document::parse(name, &sample.html);
        for script in document.all("script") {
            let known: &[&str] = match sample.csp {
                csp::FORM_POST => &[crate::journey::form_post::SCRIPT],
                csp::MAY_REDIRECT_WITH_PASSKEY | csp::STAYS_WITH_PASSKEY => {
                    &[super::SCRIPT, super::PASSKEY_SCRIPT]
                }
                _ => &[super::SCRIPT],
            };
            let text = script.text();
            assert!(known.contains(&text), "{name}: a script without its hash");
        }
        assert_eq!(document.all("style").count(), 0, "{name}");
        for element in document.elements() {
            for (attribute, value) in &element.attributes {
                assert!(
                    attribute != "style" && !attribute.starts_with("on"),
                    "{name}: {attribute}"
                );
                if ["href", "src", "action"].contains(&attribute.as_str()) {
                    let ours = value.starts_with('#')
                        || (value.starts_with('/') && !value.starts_with("//"));
                    let to_client = value.starts_with("https://orders.example.com/");
                    assert!(
                        ours || (to_client && element.name != "img" && element.name != "link"),
                        "{name}: {value}"
                    );
                }
            }
        }
    }
}

#[test]
fn all_samples_can_be_used_with_a_screen_reader_and_filled_by_a_password_manager() {
    for sample in samples() {
        let name = sample.name;
        let document = Document::parse(name, &sample.html);
        for input in document
            .all("input")
            .filter(|input| input.attribute("type") != Some("hidden"))
        {
            let id = input.attribute("id").unwrap();
            let labels = document
                .all("label")
                .filter(|label| label.attribute("for") == Some(id));
            assert_eq!(labels.count(), 1, "{name}: {id}");
            let fillable = input.attribute("type") != Some("radio");
            assert!(
                !fillable || input.attribute("autocomplete").is_some(),
                "{name}: {id}"
            );
        }
        for attribute in ["aria-describedby", "aria-labelledby"] {
            for id in document
                .elements()
                .filter_map(|element| element.attribute(attribute))
                .flat_map(str::split_whitespace)
            {
                assert!(
                    document
                        .elements()
                        .any(|element| element.attribute("id") == Some(id)),
                    "{name}: {id}"
                );
            }
        }
        assert!(
            document
                .all("img")
                .all(|img| img.attribute("alt").is_some()),
            "{name}"
        );
        assert!(
            document
                .elements()
                .filter(|e| e.attribute("autofocus").is_some())
                .count()
                <= 1,
            "{name}"
        );
    }
}

#[test]
fn a_hostile_name_stays_text() {
    let hostile: Vec<Sample> = samples()
        .into_iter()
        .filter(|s| s.name.ends_with("_hostile"))
        .collect();
    assert_eq!(hostile.len(), 37);
    for sample in hostile {
        assert!(!sample.html.contains("<script>alert"), "{}", sample.name);
        assert!(!sample.html.contains("\"'&"), "{}", sample.name);
    }
}

#[test]
fn a_form_posts_below_the_path_of_the_issuer_and_names_its_csrf() {
    for sample in samples().into_iter().filter(|s| s.csp != csp::FORM_POST) {
        let document = Document::parse(sample.name, &sample.html);
        let base = if sample.name == "account_bare" {
            "/auth/"
        } else {
            "/"
        };
        for form in document.all("form") {
            assert_eq!(form.attribute("method"), Some("post"), "{}", sample.name);
            assert!(
                form.attribute("action").unwrap().starts_with(base),
                "{}",
                sample.name
            );
        }
        let tokens = document
            .all("input")
            .filter(|input| input.attribute("name") == Some("csrf"));
        assert_eq!(
            tokens.count(),
            document.all("form").count(),
            "{}",
            sample.name
        );
    }
}

#[test]
fn the_fields_and_buttons_are_those_of_the_design() {
    let samples = samples();
    let document = |name: &str| {
        let sample = samples.iter().find(|sample| sample.name == name).unwrap();
        Document::parse(sample.name, &sample.html)
    };
    let login = document("login");
    assert_eq!(
        login.names("input"),
        ["ticket", "csrf", "username", "password"]
    );
    let submits = login
        .all("button")
        .filter(|b| b.attribute("type") == Some("submit"));
    assert_eq!(submits.count(), 1);
    assert_eq!(login.focused(), Some("username"));
    assert_eq!(document("login_wrong").focused(), Some("password"));
    assert_eq!(document("login_no_password").focused(), Some("password"));
    assert_eq!(document("login_empty").focused(), Some("username"));
    assert_eq!(
        document("login_account").names("input"),
        ["ticket", "csrf", "section", "username", "password"]
    );
    assert_eq!(
        document("login_wrong")
            .all("p")
            .filter(|p| p.attribute("role") == Some("alert"))
            .count(),
        1
    );
    assert_eq!(
        document("consent").values("button"),
        ["switch", "deny", "allow"]
    );
    assert_eq!(
        document("choose_account").values("button"),
        ["continue", "other"]
    );
    assert_eq!(
        document("end_session_confirm").names("input"),
        ["csrf", "request"]
    );
    // The form of the profile has no other action.
    for (page, forms, actions) in [
        ("account", 3, 2),
        ("account_security", 4, 4),
        ("account_devices", 4, 4),
        ("account_apps", 3, 3),
    ] {
        let page = document(page);
        assert_eq!(page.all("form").count(), forms);
        let names = page.names("input").into_iter();
        assert_eq!(names.filter(|name| *name == "action").count(), actions);
    }
    assert!(
        document("login_development")
            .text_of("body")
            .contains("DEVELOPMENT — ")
    );
    assert!(
        document("account_bare")
            .text_of("body")
            .contains("DEVELOPMENT — ")
    );
    assert!(!document("login").text_of("body").contains("DEVELOPMENT"));
}

#[test]
fn samples_can_be_written_to_be_looked_at() {
    let Some(flag) = option_env!("CARDEA_WRITE") else {
        return;
    };
    assert_eq!(flag, "1");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pages");
    std::fs::create_dir_all(folder.join("assets")).unwrap();
    let assets = Assets::new(&Brand::default());
    for path in [assets.style_path(), assets.logo_path(), assets.font_path()] {
        std::fs::write(folder.join(path), assets.asset(path).unwrap().1).unwrap();
    }
    for sample in samples() {
        std::fs::write(
            folder.join(sample.name).with_extension("html"),
            &sample.html,
        )
        .unwrap();
        std::fs::write(folder.join(sample.name).with_extension("csp"), sample.csp).unwrap();
    }
}
