//! Only authenticators of the models in `[[passkeys.authenticators]]` make passkeys, if there are some.

use std::sync::Arc;

use cardea_server::config::AuthenticatorConfig;
use cardea_testkit::passkeys::AuthenticatorModel;
use tempfile::TempDir;

use super::*;

const KEY: [u8; 16] = [7; 16];
const OTHER: [u8; 16] = [8; 16];

fn of(model: &Arc<AuthenticatorModel>) -> SoftAuthenticator {
    let mut authenticator = SoftAuthenticator::new();
    authenticator.model = Some(Arc::clone(model));
    authenticator
}

/// A provider that accepts these models, each with the certificate of a maker.
async fn accepting(models: &[([u8; 16], &AuthenticatorModel)]) -> (TestServer, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let authenticators = models.iter().enumerate().map(|(index, (aaguid, maker))| {
        let file = folder.path().join(format!("{index}.pem"));
        std::fs::write(&file, maker.ca_pem()).unwrap();
        AuthenticatorConfig {
            aaguid: uuid::Uuid::from_bytes(*aaguid).to_string(),
            ca_file: file.to_str().unwrap().to_owned(),
            name: "Key".to_owned(),
        }
    });
    let authenticators = authenticators.collect();
    let server = TestServer::builder().config(|c| c.passkeys.authenticators = authenticators);
    (server.start().await, folder)
}

async fn try_to_add(browser: &mut Browser<'_>, mut authenticator: SoftAuthenticator) -> u16 {
    add(browser, &mut authenticator, "Key").await.status()
}

#[tokio::test]
async fn an_accepted_model_makes_a_passkey_that_signs_in() {
    let model = Arc::new(AuthenticatorModel::new(KEY));
    let (server, _folder) = accepting(&[(KEY, &model)]).await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let page = passkeys_page(&mut browser).await;
    let options: Value = serde_json::from_str(&passkey_form(&page).options.unwrap()).unwrap();
    assert_eq!(options["attestation"], "direct");
    assert_eq!(
        options["authenticatorSelection"]["residentKey"], "required",
        "{options}"
    );
    let mut key = of(&model);
    let page = add(&mut browser, &mut key, "Key").await;
    assert_eq!(backup_codes(&page).len(), 10, "{}", page.text());
    let mut other = Browser::new(&server);
    let page = login_page(&mut other, &demanding()).await;
    let page = prove(&mut other, &page, &mut key).await;
    let token = id_token(&mut other, page).await;
    assert_eq!(token["acr"], STRONGEST);
    assert_eq!(token["amr"], json!(["hwk", "user", "mfa"]));
}

#[tokio::test]
async fn any_other_authenticator_is_refused() {
    let model = Arc::new(AuthenticatorModel::new(KEY));
    let (server, _folder) = accepting(&[(KEY, &model)]).await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    // Without attestation; another model; the same model by who is not its maker.
    let other = Arc::new(AuthenticatorModel::new(OTHER));
    let imitation = Arc::new(AuthenticatorModel::new(KEY));
    for authenticator in [SoftAuthenticator::new(), of(&other), of(&imitation)] {
        assert_eq!(try_to_add(&mut browser, authenticator).await, 422);
    }
    assert_eq!(try_to_add(&mut browser, of(&model)).await, 200);
}

#[tokio::test]
async fn a_model_of_another_maker_in_the_list_is_refused() {
    let (key, other) = (AuthenticatorModel::new(KEY), AuthenticatorModel::new(OTHER));
    // The list says that the maker of `other` makes `KEY` only.
    let (server, _folder) = accepting(&[(KEY, &key), (KEY, &other)]).await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    assert_eq!(try_to_add(&mut browser, of(&Arc::new(other))).await, 422);
}

#[tokio::test]
async fn all_authenticators_are_accepted_and_none_asked_for_its_model_by_default() {
    let server = TestServer::start().await;
    let mut browser = Browser::new(&server);
    log_in(&mut browser, Person::ALICE).await;
    let page = passkeys_page(&mut browser).await;
    let options: Value = serde_json::from_str(&passkey_form(&page).options.unwrap()).unwrap();
    assert_eq!(options["attestation"], "none");
}
