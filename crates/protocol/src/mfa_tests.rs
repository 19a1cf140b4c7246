use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    Acr::{Mfa, Password, PhishingResistant},
    *,
};
use crate::request::ClaimsRequest;

const NONE: Enrolled = Enrolled::NONE;
const ENROLLED: Enrolled = Enrolled { totp: true, ..NONE };
const PASSKEY: Enrolled = Enrolled {
    passkey: true,
    ..NONE
};

fn policy(default: Requirement) -> Policy {
    Policy {
        default,
        rules: Vec::new(),
    }
}

fn at(enrolled: Enrolled, trusted_device: bool) -> Circumstances<'static> {
    Circumstances {
        enrolled,
        trusted_device,
        ..Circumstances::default()
    }
}

fn acr_values(text: &str) -> Wish {
    let values: Vec<_> = text.split_whitespace().map(str::to_owned).collect();
    Wish::of(&ClaimsRequest::default(), &values)
}

fn claim(json: &str) -> Wish {
    let claims = ClaimsRequest::parse(&format!(r#"{{"id_token":{{"acr":{json}}}}}"#));
    Wish::of(&claims.unwrap(), &[])
}

fn classes(default: Requirement, at: Circumstances<'_>, wish: &Wish) -> Option<(Acr, Acr)> {
    let demand = demand(&policy(default), &at, wish).ok()?;
    Some((demand.required, demand.wanted))
}

#[test]
fn the_policy_says_who_is_asked() {
    use Requirement::{Off, Optional, Required};
    for (default, enrolled, trusted, expected) in [
        (Off, NONE, false, Password),
        (Off, ENROLLED, false, Password),
        (Optional, NONE, false, Password),
        (Optional, ENROLLED, false, Mfa),
        (Optional, ENROLLED, true, Password),
        (Required, NONE, false, Mfa),
        // A record of a device does not stand for a factor that was removed.
        (Required, NONE, true, Mfa),
        (Required, ENROLLED, false, Mfa),
        (Required, ENROLLED, true, Password),
        (Off, PASSKEY, false, Password),
        (Optional, PASSKEY, false, Mfa),
        (Required, PASSKEY, true, Password),
    ] {
        let found = classes(default, at(enrolled, trusted), &Wish::default());
        let case = format!("{default:?} {enrolled:?} {trusted}");
        assert_eq!(found, Some((expected, expected)), "{case}");
    }
}

#[test]
fn the_first_rule_whose_conditions_are_all_met_counts() {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let policy = Policy {
        default: Requirement::Optional,
        rules: vec![
            Rule {
                networks: vec!["10.0.0.0/8".parse().unwrap()],
                clients: words("wiki"),
                require: Requirement::Off,
                ..Rule::default()
            },
            Rule {
                roles: words("admin editor"),
                require: Requirement::Required,
                ..Rule::default()
            },
            Rule {
                groups: words("staff"),
                require: Requirement::Required,
                ..Rule::default()
            },
        ],
    };
    let client = ClientId::parse("wiki").unwrap();
    let (admin, staff) = (words("user admin"), words("staff"));
    let of = |at: Circumstances<'_>| policy.requirement(&at);
    let nobody = Circumstances::default();
    assert_eq!(of(nobody), Requirement::Optional);
    let admin = Circumstances {
        roles: &admin,
        ..nobody
    };
    assert_eq!(of(admin), Requirement::Required);
    let staff = Circumstances {
        groups: &staff,
        ..nobody
    };
    assert_eq!(of(staff), Requirement::Required);
    let groups_are_no_roles = Circumstances {
        roles: staff.groups,
        ..nobody
    };
    assert_eq!(of(groups_are_no_roles), Requirement::Optional);
    for (address, requirement) in [
        ("10.1.2.3", Requirement::Off),
        ("::ffff:10.1.2.3", Requirement::Off),
        ("11.1.2.3", Requirement::Required),
        ("::1", Requirement::Required),
    ] {
        let here = Circumstances {
            address: Some(address.parse().unwrap()),
            ..admin
        };
        assert_eq!(of(here), Requirement::Required, "not of that client");
        let here = Circumstances {
            client: Some(&client),
            ..here
        };
        assert_eq!(of(here), requirement, "{address}");
    }
    let elsewhere = Circumstances {
        client: Some(&client),
        ..nobody
    };
    assert_eq!(of(elsewhere), Requirement::Optional, "without an address");
}

#[test]
fn acr_values_are_tried_and_do_not_fail() {
    use Requirement::{Off, Optional};
    let mfa = "urn:cardea:acr:mfa";
    let both = "urn:cardea:acr:mfa urn:cardea:acr:password";
    let strongest = "urn:cardea:acr:phishing-resistant";
    for (asked, default, here, expected) in [
        ("", Optional, at(NONE, false), (Password, Password)),
        ("urn:other", Optional, at(NONE, false), (Password, Password)),
        (mfa, Optional, at(NONE, false), (Password, Mfa)),
        (mfa, Optional, at(ENROLLED, true), (Password, Mfa)),
        (mfa, Optional, at(ENROLLED, false), (Mfa, Mfa)),
        (mfa, Off, at(ENROLLED, false), (Password, Password)),
        // The most wanted that the user can reach; setting up a factor is the last resort.
        (both, Optional, at(NONE, false), (Password, Password)),
        (both, Optional, at(ENROLLED, true), (Password, Mfa)),
        (strongest, Optional, at(NONE, false), (Password, Password)),
        (strongest, Optional, at(ENROLLED, false), (Mfa, Mfa)),
        (
            strongest,
            Off,
            at(PASSKEY, false),
            (Password, PhishingResistant),
        ),
        (mfa, Off, at(NONE, false), (Password, Password)),
        (
            strongest,
            Optional,
            at(PASSKEY, false),
            (Mfa, PhishingResistant),
        ),
        (
            strongest,
            Optional,
            at(PASSKEY, true),
            (Password, PhishingResistant),
        ),
    ] {
        let found = classes(default, here, &acr_values(asked));
        assert_eq!(found, Some(expected), "{asked} {default:?} {here:?}");
    }
}

#[test]
fn an_essential_acr_is_reached_or_it_is_an_error() {
    use Requirement::{Off, Optional};
    let mfa = r#"{"essential":true,"values":["urn:cardea:acr:mfa"]}"#;
    let either =
        r#"{"essential":true,"values":["urn:cardea:acr:phishing-resistant","urn:cardea:acr:mfa"]}"#;
    let strongest = r#"{"essential":true,"value":"urn:cardea:acr:phishing-resistant"}"#;
    let voluntary = r#"{"value":"urn:cardea:acr:mfa"}"#;
    let unknown = r#"{"essential":true,"values":["urn:example:gold",7]}"#;
    let partly = r#"{"essential":true,"values":["urn:example:gold","urn:cardea:acr:mfa"]}"#;
    for (asked, default, here, expected) in [
        (mfa, Optional, at(NONE, false), Some((Mfa, Mfa))),
        (mfa, Optional, at(ENROLLED, true), Some((Mfa, Mfa))),
        (mfa, Off, at(ENROLLED, false), None),
        (either, Optional, at(ENROLLED, true), Some((Mfa, Mfa))),
        (strongest, Optional, at(ENROLLED, false), None),
        (strongest, Off, at(NONE, false), None),
        (
            strongest,
            Off,
            at(PASSKEY, false),
            Some((PhishingResistant, PhishingResistant)),
        ),
        (
            strongest,
            Optional,
            at(PASSKEY, true),
            Some((PhishingResistant, PhishingResistant)),
        ),
        (
            either,
            Optional,
            at(PASSKEY, true),
            Some((PhishingResistant, PhishingResistant)),
        ),
        (voluntary, Optional, at(NONE, false), Some((Password, Mfa))),
        (voluntary, Off, at(NONE, false), Some((Password, Password))),
        (unknown, Optional, at(ENROLLED, false), None),
        (partly, Optional, at(ENROLLED, false), Some((Mfa, Mfa))),
        (
            r#"{"essential":true}"#,
            Off,
            at(NONE, false),
            Some((Password, Password)),
        ),
    ] {
        let found = classes(default, here, &claim(asked));
        assert_eq!(found, expected, "{asked} {default:?} {here:?}");
    }
    let error = demand(&policy(Off), &at(NONE, false), &claim(mfa)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::UnmetAuthenticationRequirements);
}

#[test]
fn an_essential_acr_is_reported_as_it_was_asked_for() {
    let password = r#"{"essential":true,"value":"urn:cardea:acr:password"}"#;
    assert_eq!(claim(password).reported(Mfa), Password);
    assert_eq!(claim(password).reported(Password), Password);
    let mfa = r#"{"essential":true,"value":"urn:cardea:acr:mfa"}"#;
    assert_eq!(claim(mfa).reported(Password), Password, "never more");
    assert_eq!(claim(mfa).reported(Mfa), Mfa);
    assert_eq!(claim(mfa).reported(PhishingResistant), Mfa);
    assert_eq!(acr_values("urn:cardea:acr:password").reported(Mfa), Mfa);
}

#[test]
fn a_wish_can_be_skipped_where_there_is_no_factor_or_only_a_passkey_would_do() {
    let asking = |acr: Acr, default, here: Circumstances<'_>| {
        let wish = acr_values(acr.as_str());
        demand(&policy(default), &here, &wish).unwrap().may_skip()
    };
    let of = |default, here| asking(Mfa, default, here);
    assert!(of(Requirement::Optional, at(NONE, false)));
    assert!(!of(Requirement::Optional, at(ENROLLED, true)));
    assert!(!of(Requirement::Required, at(NONE, false)));
    assert!(asking(
        PhishingResistant,
        Requirement::Optional,
        at(PASSKEY, false)
    ));
    assert!(!asking(
        PhishingResistant,
        Requirement::Optional,
        at(NONE, false)
    ));
}

#[test]
fn a_class_that_can_be_reached_nowhere_is_not_supported() {
    let off = policy(Requirement::Off);
    assert_eq!(off.supported(), [Password, PhishingResistant]);
    assert!(!off.has_second_factors());
    assert_eq!(policy(Requirement::Optional).supported(), Acr::ALL);
    let mut one = policy(Requirement::Off);
    one.rules.push(Rule {
        require: Requirement::Required,
        ..Rule::default()
    });
    assert_eq!(one.supported(), Acr::ALL);
}

#[test]
fn a_class_has_one_name() {
    for acr in Acr::ALL {
        assert_eq!(Acr::parse(acr.as_str()), Some(acr));
        assert_eq!(Acr::of_session(acr.as_str()), acr);
    }
    for other in ["", "mfa", "URN:CARDEA:ACR:MFA", "urn:cardea:acr:mfa "] {
        assert_eq!(Acr::parse(other), None);
        assert_eq!(Acr::of_session(other), Password);
    }
}

proptest! {
    #[test]
    fn what_a_client_asks_for_never_lowers_what_the_policy_demands(
        essential in vec(select(&Acr::ALL), 0..3),
        voluntary in vec(select(&Acr::ALL), 0..3),
        default in select(&[Requirement::Off, Requirement::Optional, Requirement::Required]),
        totp: bool,
        passkey: bool,
        trusted: bool,
    ) {
        let (policy, at) = (policy(default), at(Enrolled { totp, passkey }, trusted));
        let plain = demand(&policy, &at, &Wish::default()).unwrap();
        let wish = Wish { essential: essential.clone(), voluntary, only_unknown: false };
        let Ok(asked) = demand(&policy, &at, &wish) else { return Ok(()) };
        prop_assert!(asked.required >= plain.required && asked.wanted >= asked.required);
        prop_assert!(essential.is_empty() || essential.iter().any(|acr| *acr <= asked.required));
        prop_assert!(asked.wanted < PhishingResistant || passkey);
        prop_assert!(default != Requirement::Off || passkey || asked.wanted == Password);
        prop_assert!(asked.takes_code() == (asked.required != PhishingResistant));
    }
}

#[test]
fn a_sign_in_needs_a_new_password_where_the_user_has_to_change_it() {
    for must_change_password in [false, true] {
        let user = Circumstances {
            must_change_password,
            ..at(NONE, false)
        };
        let demand = demand(&policy(Requirement::Off), &user, &Wish::default()).unwrap();
        assert_eq!(demand.new_password, must_change_password);
    }
}

#[test]
fn a_factor_that_only_the_request_demands_is_declined_by_who_has_none() {
    let essential = Wish {
        essential: vec![Acr::Mfa],
        ..Wish::default()
    };
    let declines = |default, enrolled, wish: &Wish| {
        let here = at(enrolled, false);
        demand(&policy(default), &here, wish).unwrap().may_decline()
    };
    assert!(declines(Requirement::Optional, NONE, &essential));
    assert!(!declines(Requirement::Optional, ENROLLED, &essential));
    assert!(!declines(Requirement::Required, NONE, &essential));
    assert!(!declines(Requirement::Optional, NONE, &Wish::default()));
}
