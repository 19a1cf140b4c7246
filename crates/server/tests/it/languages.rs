//! Pages in the language of their reader.

use cardea_protocol::language::Lang;
use cardea_testkit::{
    Browser, Page, Person, TestServer,
    clients::SPA,
    flows::{Authorization, decide, log_in_at},
};

/// The page is whole in this language, and says so.
#[track_caller]
fn is_in(page: &Page, lang: Lang, heading: &str) {
    assert_eq!(page.heading(), heading);
    assert!(page.text().contains(&format!("<html lang=\"{lang}\">")));
    assert_eq!(page.answer.header("content-language"), Some(lang.as_str()));
    assert_eq!(page.answer.header("vary"), Some("accept-language"));
}

/// In the order of [`Lang::ALL`].
type Texts = [&'static str; 4];

const LOGIN: Texts = [
    "Sign in to Test client spa",
    "Bei Test client spa anmelden",
    "Se connecter à Test client spa",
    "Iniciar sesión en Test client spa",
];
const REFUSED: Texts = [
    "Incorrect user name or password.",
    "Benutzername oder Passwort ist falsch.",
    "Nom d’utilisateur ou mot de passe incorrect.",
    "El nombre de usuario o la contraseña no son correctos.",
];
const CONSENT: Texts = [
    "Allow Test client spa access?",
    "Test client spa den Zugriff erlauben?",
    "Autoriser l’accès à Test client spa\u{a0}?",
    "¿Permitir el acceso a Test client spa?",
];
const CHOOSER: Texts = [
    "Choose an account",
    "Konto auswählen",
    "Choisir un compte",
    "Elija una cuenta",
];
const ACCOUNT: Texts = ["Your account", "Ihr Konto", "Votre compte", "Su cuenta"];
const SIGN_OUT: Texts = [
    "Sign out?",
    "Abmelden?",
    "Se déconnecter\u{a0}?",
    "¿Cerrar sesión?",
];
const SIGNED_OUT: Texts = [
    "You are signed out",
    "Sie sind abgemeldet",
    "Vous êtes déconnecté",
    "Ha cerrado la sesión",
];
const NOT_FOUND: Texts = [
    "There is nothing here",
    "Hier ist nichts",
    "Il n’y a rien ici",
    "Aquí no hay nada",
];
const FORM_POST: Texts = [
    "Taking you back to Test client spa",
    "Sie werden zurückgeleitet zu Test client spa",
    "Retour vers Test client spa",
    "Volviendo a Test client spa",
];

#[tokio::test]
async fn every_page_is_in_the_language_of_the_browser() {
    let server = TestServer::start().await;
    for (index, lang) in Lang::ALL.into_iter().enumerate() {
        let mut browser = Browser::new(&server).reading(&format!("nl, {lang}-XX;q=0.9, *;q=0.1"));
        let is_in = |page: &Page, texts: Texts| is_in(page, lang, texts[index]);
        let request = Authorization::of(SPA);

        let asked = request.clone().with("prompt", "consent");
        let login = browser.open(&asked.url(&server)).await;
        is_in(&login, LOGIN);
        let refused = [("username", "bob"), ("password", "not-his-password")];
        let refused = browser.submit(&login, login.form(), &refused).await;
        is_in(&refused, LOGIN);
        assert!(refused.text().contains(REFUSED[index]));

        let consent = log_in_at(&mut browser, &refused, Person::BOB).await;
        is_in(&consent, CONSENT);
        decide(&mut browser, &consent, "allow").await;
        let again = request.clone().with("prompt", "select_account");
        is_in(&browser.open(&again.url(&server)).await, CHOOSER);
        is_in(&browser.open(&server.url("/account")).await, ACCOUNT);
        let confirm = browser.open(&server.url("/end_session")).await;
        is_in(&confirm, SIGN_OUT);
        let done = browser.submit(&confirm, confirm.form(), &[]).await;
        is_in(&done, SIGNED_OUT);
        is_in(&browser.open(&server.url("/nowhere")).await, NOT_FOUND);
        let posted = request.with("response_mode", "form_post");
        let login = browser.open(&posted.url(&server)).await;
        let form = log_in_at(&mut browser, &login, Person::BOB).await;
        is_in(&form, FORM_POST);
    }
}

/// OpenID Core §3.1.2.1
#[tokio::test]
async fn ui_locales_is_stronger_than_the_browser_and_stays_for_the_whole_journey() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server).reading("de");
    let request = Authorization::of(SPA).with("ui_locales", "nl fr-CA en");
    let login = browser.open(&request.url(&server)).await;
    is_in(&login, Lang::Fr, "Se connecter à Test client spa");
    // Alice's own is English.
    let consent = log_in_at(&mut browser, &login, Person::ALICE).await;
    let heading = "Autoriser l’accès à Test client spa\u{a0}?";
    is_in(&consent, Lang::Fr, heading);

    let elsewhere = request.with("redirect_uri", "https://elsewhere.example.test/");
    let refused = browser.open(&elsewhere.url(&server)).await;
    is_in(&refused, Lang::Fr, "Nous ne vous y enverrons pas");
    let logout = browser
        .open(&server.url("/end_session?ui_locales=es"))
        .await;
    is_in(&logout, Lang::Es, "¿Cerrar sesión?");
}

#[tokio::test]
async fn ui_locales_without_a_known_language_changes_nothing() {
    let server = TestServer::start().await;
    for unknown in ["nl", "*", "xx-de", "  ", "<de>", "é ü", "de_DE"] {
        let mut browser = Browser::new(&server).reading("fr");
        let request = Authorization::of(SPA).with("ui_locales", unknown);
        let login = browser.open(&request.url(&server)).await;
        is_in(&login, Lang::Fr, "Se connecter à Test client spa");
    }
}

#[tokio::test]
async fn the_users_own_language_is_stronger_than_the_browser() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server).reading("de");
    let login = browser.open(&server.url("/login")).await;
    is_in(&login, Lang::De, "Anmelden");
    let account = log_in_at(&mut browser, &login, Person::ALICE).await;
    is_in(&account, Lang::En, "Your account");
    let request = Authorization::of(SPA);
    let consent = browser.open(&request.url(&server)).await;
    is_in(&consent, Lang::En, "Allow Test client spa access?");
    let confirm = browser.open(&server.url("/end_session")).await;
    is_in(&confirm, Lang::En, "Sign out?");
    let done = browser.submit(&confirm, confirm.form(), &[]).await;
    is_in(&done, Lang::En, "You are signed out");
}

#[tokio::test]
async fn the_configured_language_is_for_those_whose_own_is_not_known() {
    let german = |config: &mut cardea_server::config::Config| config.language = Lang::De;
    let server = TestServer::builder().config(german).start().await;
    for (accepted, lang, heading) in [
        ("", Lang::De, "Anmelden"),
        ("nl, ja;q=0.5", Lang::De, "Anmelden"),
        ("*", Lang::De, "Anmelden"),
        ("nl, en;q=0.5", Lang::En, "Sign in"),
    ] {
        let mut browser = Browser::new(&server).reading(accepted);
        let login = browser.open(&server.url("/login")).await;
        is_in(&login, lang, heading);
    }
}

#[tokio::test]
async fn a_hostile_accept_language_gets_a_page_all_the_same() {
    let server = TestServer::start().await;
    for hostile in [
        "a".repeat(64 * 1024),
        ",".repeat(64 * 1024),
        "de;q=".repeat(13_000),
        format!("{}de", "x;q=0.9,".repeat(8 * 1024)),
        format!("fr;q=0.1,{}", "de-".repeat(20 * 1024)),
        "../../de".to_owned(),
        "\"><script>alert(1)</script>".to_owned(),
        "en;q=99999999999999999999".to_owned(),
    ] {
        let mut browser = Browser::new(&server).reading(&hostile);
        let login = browser.open(&server.url("/login")).await;
        assert_eq!(login.status(), 200);
        let languages = ["en", "de", "fr"].map(Some);
        assert!(languages.contains(&login.answer.header("content-language")));
        assert!(!login.text().contains("alert("));
    }
}

#[tokio::test]
async fn errors_for_programs_stay_english() {
    let server = TestServer::start().await;
    let request = [("grant_type", "authorization_code"), ("code", "none")];
    let refused = server.post("/token").client(SPA).form(&request);
    let german = refused.header("accept-language", "de").send().await;
    assert_eq!(german.header("content-language"), None);
    assert!(german.refused(400, "invalid_grant")["error_description"].is_string());
    assert!(german.text().is_ascii());
}

#[tokio::test]
async fn discovery_names_the_languages() {
    let server = TestServer::start().await;
    let path = "/.well-known/openid-configuration";
    let metadata = server.get(path).send().await.json();
    let expected = serde_json::json!(["en", "de", "fr", "es"]);
    assert_eq!(metadata["ui_locales_supported"], expected);
}
