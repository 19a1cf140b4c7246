//! When a second factor is needed: the operator's policy, what a request asks for, and what the user has enrolled.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::{ErrorCode, OAuthError},
    model::ClientId,
    request::ClaimsRequest,
};

/// An authentication context class. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Acr {
    /// A password.
    Password,
    /// Two different factors.
    Mfa,
    /// A passkey with user verification.
    PhishingResistant,
}

impl Acr {
    /// All, the weakest first.
    pub const ALL: [Self; 3] = [Self::Password, Self::Mfa, Self::PhishingResistant];

    /// The value of the claim `acr`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "urn:cardea:acr:password",
            Self::Mfa => "urn:cardea:acr:mfa",
            Self::PhishingResistant => "urn:cardea:acr:phishing-resistant",
        }
    }

    /// Reads a value.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|acr| acr.as_str() == text)
    }

    /// The class of a session. One that this version does not know is worth a password.
    #[must_use]
    pub fn of_session(acr: &str) -> Self {
        Self::parse(acr).unwrap_or(Self::Password)
    }
}

/// What is required of a sign-in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// Second factors are not asked for.
    Off,
    /// Users who have a second factor are asked for it.
    #[default]
    Optional,
    /// All users are asked for a second factor; those who have none set one up when they sign in.
    Required,
}

/// A rule for some sign-ins. All conditions that it names must be met.
#[derive(Debug, Clone, Default)]
pub struct Rule {
    /// The user has one of these roles.
    pub roles: Vec<String>,
    /// The user is in one of these groups.
    pub groups: Vec<String>,
    /// It is a sign-in to one of these clients.
    pub clients: Vec<String>,
    /// The browser is in one of these networks.
    pub networks: Vec<IpNet>,
    /// What is required then.
    pub require: Requirement,
}

/// The operator's policy.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Where no rule applies.
    pub default: Requirement,
    /// The first that applies counts.
    pub rules: Vec<Rule>,
}

impl Policy {
    /// Whether codes of authenticator apps are asked for somewhere.
    #[must_use]
    pub fn has_second_factors(&self) -> bool {
        let on = |requirement| requirement != Requirement::Off;
        on(self.default) || self.rules.iter().any(|rule| on(rule.require))
    }

    /// The classes that a sign-in can reach somewhere: `acr_values_supported`. A passkey is a way to sign in whatever the policy is.
    #[must_use]
    pub fn supported(&self) -> &'static [Acr] {
        match self.has_second_factors() {
            true => &Acr::ALL,
            false => &[Acr::Password, Acr::PhishingResistant],
        }
    }

    /// Whether a rule is about roles.
    #[must_use]
    pub fn names_roles(&self) -> bool {
        self.rules.iter().any(|rule| !rule.roles.is_empty())
    }

    /// What is required here.
    #[must_use]
    pub fn requirement(&self, at: &Circumstances<'_>) -> Requirement {
        let rule = self.rules.iter().find(|rule| rule.applies(at));
        rule.map_or(self.default, |rule| rule.require)
    }
}

impl Rule {
    fn applies(&self, at: &Circumstances<'_>) -> bool {
        let any = |named: &[String], has: &[String]| {
            named.is_empty() || named.iter().any(|name| has.contains(name))
        };
        let client = at.client.map(ClientId::as_str);
        let of_client = |name: &String| client == Some(name.as_str());
        let inside = |network: &IpNet| at.address.is_some_and(|ip| contains(network, ip));
        any(&self.roles, at.roles)
            && any(&self.groups, at.groups)
            && (self.clients.is_empty() || self.clients.iter().any(of_client))
            && (self.networks.is_empty() || self.networks.iter().any(inside))
    }
}

/// An IPv4 address may come as an IPv6 address that contains it.
fn contains(network: &IpNet, address: IpAddr) -> bool {
    network.contains(&address.to_canonical()) || network.contains(&address)
}

/// The second factors that a user has. Backup codes only stand in for one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Enrolled {
    /// An authenticator app.
    pub totp: bool,
    /// A passkey.
    pub passkey: bool,
}

impl Enrolled {
    /// No second factor.
    pub const NONE: Self = Self {
        totp: false,
        passkey: false,
    };

    /// Whether there is any.
    #[must_use]
    pub const fn any(self) -> bool {
        self.totp || self.passkey
    }
}

/// What the policy is applied to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Circumstances<'a> {
    /// The user's roles.
    pub roles: &'a [String],
    /// The user's groups.
    pub groups: &'a [String],
    /// The client that the user signs in to; none on the way to the account page.
    pub client: Option<&'a ClientId>,
    /// The browser's address.
    pub address: Option<IpAddr>,
    /// What the user has.
    pub enrolled: Enrolled,
    /// Whether the user trusts the browser.
    pub trusted_device: bool,
    /// Whether the user's password has to be changed.
    pub must_change_password: bool,
}

/// The classes that a request asks for, the most wanted first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// OpenID Core §5.5.1.1: one of these must be reached, if there are any.
    essential: Vec<Acr>,
    /// OpenID Core §3.1.2.1: one of these should be reached.
    voluntary: Vec<Acr>,
    /// Whether values are essential of which none is known.
    only_unknown: bool,
}

impl Wish {
    /// Reads it from a request. Classes that are not known can't be reached.
    #[must_use]
    pub fn of(claims: &ClaimsRequest, acr_values: &[String]) -> Self {
        let claim = claims.id_token.get("acr");
        let named = claim.map(|claim| {
            let texts = claim.values.iter().filter_map(|value| value.as_str());
            texts.filter_map(Acr::parse).collect::<Vec<_>>()
        });
        let essential = claim.is_some_and(|claim| claim.essential);
        let asked = claim.is_some_and(|claim| !claim.values.is_empty());
        let only_unknown = essential && asked && named.as_ref().is_none_or(Vec::is_empty);
        let (essential, mut voluntary) = match essential {
            true => (named.unwrap_or_default(), Vec::new()),
            false => (Vec::new(), named.unwrap_or_default()),
        };
        voluntary.extend(acr_values.iter().filter_map(|text| Acr::parse(text)));
        Self {
            essential,
            voluntary,
            only_unknown,
        }
    }

    /// The class to report of a session. OpenID Core §5.5.1.1: an essential `acr` is answered by one of the values asked for; a
    /// session of a higher class meets a lower one too.
    #[must_use]
    pub fn reported(&self, session: Acr) -> Acr {
        if self.essential.contains(&session) {
            return session;
        }
        let met = self.essential.iter().filter(|acr| **acr <= session).max();
        met.copied().unwrap_or(session)
    }
}

/// What a sign-in needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// A session of a lower class doesn't do.
    pub required: Acr,
    /// What the policy requires of it, whatever the request asks for.
    pub by_policy: Acr,
    /// This class is tried; not lower than the required one.
    pub wanted: Acr,
    /// The user's second factors. Without any, one has to be set up to get beyond a password.
    pub enrolled: Enrolled,
    /// Whether a password opens a session only once it was replaced by a new one.
    pub new_password: bool,
}

impl Demand {
    /// Only a first factor.
    pub const NOTHING: Self = Self {
        required: Acr::Password,
        by_policy: Acr::Password,
        wanted: Acr::Password,
        enrolled: Enrolled::NONE,
        new_password: false,
    };

    /// Whether the user may go on with what is required: there is no factor to try, or only a passkey would reach what is wanted, which
    /// may not be at hand.
    #[must_use]
    pub fn may_skip(&self) -> bool {
        let wants_more = self.required < self.wanted;
        wants_more && (!self.enrolled.any() || self.wanted == Acr::PhishingResistant)
    }

    /// Whether the user may refuse to set up a second factor that only the request demands. The application gets the error (OpenID
    /// Core Unmet Authentication Requirements §2).
    #[must_use]
    pub fn may_decline(&self) -> bool {
        self.by_policy < self.required && !self.enrolled.any()
    }

    /// Whether a code of an authenticator app, or a backup code, reaches what is required.
    #[must_use]
    pub fn takes_code(&self) -> bool {
        self.required < Acr::PhishingResistant
    }
}

/// What a sign-in needs, by the policy and by what the request asks for. An essential class that the user can't reach is an error
/// (OpenID Core Unmet Authentication Requirements §2).
pub fn demand(policy: &Policy, at: &Circumstances<'_>, wish: &Wish) -> Result<Demand, OAuthError> {
    let requirement = policy.requirement(at);
    let enrolled = match requirement {
        Requirement::Off => Enrolled {
            totp: false,
            ..at.enrolled
        },
        _ => at.enrolled,
    };
    let by_policy = match requirement {
        Requirement::Off => Acr::Password,
        // The user has proved the second factor in this browser before, and said to trust it.
        _ if enrolled.any() && at.trusted_device => Acr::Password,
        Requirement::Required => Acr::Mfa,
        Requirement::Optional if enrolled.any() => Acr::Mfa,
        Requirement::Optional => Acr::Password,
    };
    let first = |wanted: &[Acr]| {
        let known = wanted.iter().copied();
        let now = known.clone().find(|acr| can_reach(*acr, enrolled));
        now.or_else(|| known.clone().find(|acr| may_reach(*acr, requirement)))
    };
    let unmet = || {
        OAuthError::new(
            ErrorCode::UnmetAuthenticationRequirements,
            "the user can't reach the essential acr",
        )
    };
    let essential = match wish.essential.as_slice() {
        [] if wish.only_unknown => return Err(unmet()),
        [] => Acr::Password,
        asked => first(asked).ok_or_else(unmet)?,
    };
    let required = by_policy.max(essential);
    Ok(Demand {
        required,
        by_policy,
        wanted: required.max(first(&wish.voluntary).unwrap_or(Acr::Password)),
        enrolled,
        new_password: at.must_change_password,
    })
}

/// Whether the user reaches a class with what is enrolled.
fn can_reach(acr: Acr, enrolled: Enrolled) -> bool {
    match acr {
        Acr::Password => true,
        Acr::Mfa => enrolled.any(),
        Acr::PhishingResistant => enrolled.passkey,
    }
}

/// Whether the user reaches a class once an authenticator app has been set up on the way. Passkeys are set up in the account.
fn may_reach(acr: Acr, requirement: Requirement) -> bool {
    match acr {
        Acr::Password => true,
        Acr::Mfa => requirement != Requirement::Off,
        Acr::PhishingResistant => false,
    }
}

#[cfg(test)]
#[path = "mfa_tests.rs"]
mod tests;
