//! In which organization a user acts (D27).

use super::{
    tests::{self, Now, alice, consent_of},
    *,
};
use crate::{
    model::OrganizationId,
    samples::{self, scope},
};

fn member_of(ids: &[&str]) -> Vec<Membership> {
    let of = |id: &&str| Membership {
        id: OrganizationId::parse(id).unwrap(),
        name: id.to_uppercase(),
        roles: Vec::new(),
    };
    ids.iter().map(of).collect()
}

/// Alice, asked for the scope `organization`, which she has allowed.
fn in_organizations(ids: &[&str]) -> Now {
    let mut now = alice();
    now.request.access.scope = scope("openid organization");
    now.consent = Some(consent_of("alice", "openid organization"));
    now.memberships = member_of(ids);
    now
}

#[test]
fn d27_a_user_of_several_organizations_chooses_one() {
    let mut now = in_organizations(&["acme", "beta"]);
    assert_eq!(now.next(), Ok(NextStep::ChooseOrganization));
    let session = now.session.clone().unwrap();
    let beta = OrganizationId::parse("beta").unwrap();
    let mut other = now.steps.clone();
    other.choose_organization(&session, OrganizationId::parse("gone").unwrap());
    now.steps = other;
    assert_eq!(now.next(), Ok(NextStep::ChooseOrganization), "not a member");
    now.steps.choose_organization(&session, beta.clone());
    assert_eq!(now.next(), Ok(NextStep::Finish));
    let chosen = |now: &Now| {
        let situation = now.situation();
        let asked = situation.authorization.unwrap();
        match asked.organization(&now.steps, now.session.as_ref().unwrap()) {
            Ok(Chosen::One(one)) => Some(one.id.clone()),
            _ => None,
        }
    };
    assert_eq!(chosen(&now), Some(beta));
    now.session = Some(tests::session("s2", "alice"));
    assert_eq!(
        now.next(),
        Ok(NextStep::ChooseOrganization),
        "another session"
    );
    for (ids, id) in [(&["acme"][..], Some("acme")), (&[], None)] {
        let now = in_organizations(ids);
        assert_eq!(now.next(), Ok(NextStep::Finish));
        assert_eq!(chosen(&now).as_ref().map(OrganizationId::as_str), id);
    }
    let mut plain = alice();
    plain.memberships = member_of(&["acme", "beta"]);
    assert_eq!(plain.next(), Ok(NextStep::Finish), "it was not asked for");
    assert_eq!(chosen(&plain), None);
}

#[test]
fn d27_a_choice_comes_before_its_consent() {
    let mut now = in_organizations(&["acme", "beta"]);
    now.consent = None;
    let session = now.session.clone().unwrap();
    now.steps.consent(&session);
    assert_eq!(now.next(), Ok(NextStep::ChooseOrganization));
    now.steps
        .choose_organization(&session, OrganizationId::parse("acme").unwrap());
    assert_eq!(
        now.next(),
        Ok(NextStep::Consent),
        "the consent was for no organization"
    );
}

#[test]
fn d27_an_organization_that_the_client_names_is_not_asked_for() {
    let named = |name: &str| {
        let mut now = in_organizations(&["acme", "beta"]);
        now.request.access.organization = Some(name.to_owned());
        now
    };
    for name in ["beta", "BETA"] {
        assert_eq!(named(name).next(), Ok(NextStep::Finish));
        assert_eq!(named(name).asking("none").next(), Ok(NextStep::Finish));
    }
    assert_eq!(named("gamma").next(), Err(ErrorCode::AccessDenied));
    let mut stranger = named("gamma");
    stranger.session = None;
    assert_eq!(
        stranger.next(),
        Ok(NextStep::Login),
        "only a user learns of organizations"
    );
}

#[test]
fn d27_a_client_can_demand_an_organization() {
    let mut now = in_organizations(&[]);
    assert_eq!(now.next(), Ok(NextStep::Finish));
    now.client = samples::client(|m| m.require_organization = true);
    assert_eq!(now.next(), Err(ErrorCode::AccessDenied));
    now.memberships = member_of(&["acme", "beta"]);
    assert_eq!(now.next(), Ok(NextStep::ChooseOrganization));
    assert_eq!(
        now.asking("none").next(),
        Err(ErrorCode::InteractionRequired)
    );
}
