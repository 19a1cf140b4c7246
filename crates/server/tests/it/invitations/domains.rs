//! Membership by the domain of a verified address.

use cardea_testkit::flows::Authorization;

use super::*;

async fn set_email(server: &TestServer, person: Person, email: &str, verified: bool) {
    let change = UserChange {
        subject: server.subject(person).await,
        update: UserUpdate {
            email: Some(Some((email.to_owned(), verified))),
            ..UserUpdate::default()
        },
        cause: server.cause(),
    };
    assert!(server.store.change_user(change).await.unwrap());
}

#[tokio::test]
async fn d27_a_verified_address_of_a_domain_is_offered_membership_on_the_profile() {
    let server = server(None).await;
    let profile = server.url("/account/profile");
    let mut bob = Browser::new(&server);
    log_in(&mut bob, Person::BOB).await;
    let joins = |page: &Page| {
        let forms = page.forms().into_iter();
        let mut forms = forms.filter(|f| f.value("action") == "join_organization");
        forms.next()
    };
    for (email, verified) in [("bob@acme.example", false), ("bob@beta.example", true)] {
        set_email(&server, Person::BOB, email, verified).await;
        let page = bob.open(&profile).await;
        assert!(joins(&page).is_none(), "{email}");
        // A form of one's own.
        let forged = page.forms().into_iter().next().unwrap();
        let forged = forged
            .with("action", "join_organization")
            .with("id", "acme");
        assert_eq!(bob.submit(&page, forged, &[]).await.status(), 400);
    }
    assert_eq!(memberships(&server, "bob").await.len(), 1);
    set_email(&server, Person::BOB, "bob@acme.example", true).await;
    let page = bob.open(&profile).await;
    assert!(!page.text().contains(HOSTILE));
    let form = joins(&page).unwrap();
    let page = bob.submit(&page, form, &[]).await;
    assert!(page.text().contains("You are a member now."));
    assert!(joins(&page).is_none());
    let mine = memberships(&server, "bob").await;
    assert_eq!(mine[0], ("acme".to_owned(), Vec::new()), "no roles");
    assert_eq!(server.audited(AuditEvent::OrganizationMemberAdded).await, 3);
}

#[tokio::test]
async fn d27_a_user_who_needs_an_organization_joins_it_in_the_chooser() {
    let server = TestServer::builder()
        .client(SPA.id, |m| m.require_organization = true)
        .config(|c| {
            c.organizations = vec![OrganizationConfig {
                id: "acme".to_owned(),
                name: HOSTILE.to_owned(),
                domains: vec!["acme.example".to_owned()],
                join_by_domain: true,
            }];
        })
        .start()
        .await;
    let url = Authorization::of(SPA).scope("openid").url(&server);
    let mut bob = Browser::new(&server);
    log_in(&mut bob, Person::BOB).await;
    set_email(&server, Person::BOB, "bob@acme.example", false).await;
    bob.open(&url).await.client_is_told("access_denied");
    set_email(&server, Person::BOB, "bob@acme.example", true).await;
    let page = bob.open(&url).await;
    assert_eq!(page.path(), "/choose_organization");
    assert!(!page.text().contains(HOSTILE), "{}", page.text());
    // What is not offered is not joined.
    let other = bob.submit(&page, page.form(), &[("join", "beta")]).await;
    assert_eq!(other.path(), "/choose_organization");
    assert!(memberships(&server, "bob").await.is_empty());
    let page = bob.submit(&other, other.form(), &[]).await;
    let mine = memberships(&server, "bob").await;
    assert_eq!(mine, [("acme".to_owned(), Vec::new())]);
    assert_ne!(page.path(), "/choose_organization");
}
