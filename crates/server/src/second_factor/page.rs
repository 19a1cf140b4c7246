use askama::Template;
use cardea_seal::Secret;

use crate::{
    i18n::{Key, Message},
    pages::{Shell, UserLine, csp},
    webauthn::form::{Challenge, PasskeyForm},
};

/// The form for a code.
#[derive(Template)]
#[template(path = "second_factor/code.html")]
pub(crate) struct CodePage<'a> {
    pub(crate) shell: Shell<'a>,
    /// The form for a passkey, if the user has one.
    pub(crate) passkey: Option<PasskeyForm>,
    /// Whether a code is enough.
    pub(crate) takes_code: bool,
    /// Whether the user may go on without.
    pub(crate) may_skip: bool,
    /// The sealed ticket.
    pub(crate) ticket: &'a str,
    pub(crate) csrf: &'a str,
    pub(crate) user: UserLine<'a>,
    pub(crate) problem: Option<FactorProblem>,
    /// The link to begin again, below the host.
    pub(crate) restart: Option<&'a str>,
}

/// The form that sets up an authenticator app on the way.
#[derive(Template)]
#[template(path = "second_factor/enrol.html")]
pub(crate) struct EnrolPage<'a> {
    pub(crate) shell: Shell<'a>,
    /// The sealed ticket.
    pub(crate) ticket: &'a str,
    pub(crate) csrf: &'a str,
    pub(crate) user: UserLine<'a>,
    /// The sealed secret.
    pub(crate) enrolment: &'a str,
    /// The secret in groups, to be typed.
    pub(crate) key: Vec<String>,
    /// The secret to be scanned.
    pub(crate) qr: Option<Qr>,
    /// What a new passkey answers; none where there are no passkeys.
    pub(crate) passkey: Option<Challenge>,
    /// Whether the user may go on without.
    pub(crate) may_skip: bool,
    pub(crate) problem: Option<FactorProblem>,
    /// The link to begin again, below the host.
    pub(crate) restart: Option<&'a str>,
}

/// New backup codes, or that few are left.
#[derive(Template)]
#[template(path = "second_factor/codes.html")]
pub(crate) struct CodesPage<'a> {
    pub(crate) shell: Shell<'a>,
    /// The codes, shown once.
    pub(crate) codes: Vec<Secret<String>>,
    /// How many are left, if no new ones are shown.
    pub(crate) few_left: Option<u64>,
    /// Whether it leads back to the account.
    pub(crate) account: bool,
    /// Where it goes on, below the host.
    pub(crate) go_on: &'a str,
}

/// A QR code as an SVG: its path in a square of this size.
pub(crate) struct Qr {
    pub(crate) size: i32,
    pub(crate) path: String,
}

/// Why a form is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FactorProblem {
    /// There is no code.
    NoCode,
    /// It is wrong, or was used.
    WrongCode,
    /// The secret is too old, or of another form.
    EnrolmentTooOld,
    /// What the browser made as a passkey was not accepted.
    PasskeyNotMade,
    /// The limit was reached.
    TooManyAttempts {
        /// Until the next attempt may be made.
        minutes: u64,
    },
}

impl FactorProblem {
    /// Why a typed code did not prove a new secret.
    pub(crate) fn of_code(typed: &str) -> Self {
        match typed.trim().is_empty() {
            true => Self::NoCode,
            false => Self::WrongCode,
        }
    }

    /// What the user reads.
    pub(crate) fn text(self, shell: &Shell<'_>) -> Message<'static> {
        let key = match self {
            Self::NoCode => Key("second-factor-no-code"),
            Self::WrongCode => Key("second-factor-wrong"),
            Self::EnrolmentTooOld => Key("second-factor-too-old"),
            Self::PasskeyNotMade => Key("passkey-not-made"),
            Self::TooManyAttempts { minutes } => {
                let minutes = minutes.max(1);
                return shell
                    .t_with("second-factor-too-many")
                    .count("minutes", minutes);
            }
        };
        shell.t_with(key)
    }
}

impl CodePage<'_> {
    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT_WITH_PASSKEY;
}

impl EnrolPage<'_> {
    /// What is wrong with the code.
    fn code_problem(&self) -> Option<FactorProblem> {
        let problem = self.problem;
        problem.filter(|problem| *problem != FactorProblem::PasskeyNotMade)
    }

    /// Whether the passkey was refused.
    fn passkey_refused(&self) -> bool {
        self.problem == Some(FactorProblem::PasskeyNotMade)
    }

    pub(crate) const CSP: &'static str = csp::MAY_REDIRECT_WITH_PASSKEY;
}

impl CodesPage<'_> {
    /// How many codes are left.
    fn left(&self) -> Option<Message<'static>> {
        let left = self.few_left?;
        Some(self.shell.t_with("second-factor-left").count("left", left))
    }

    pub(crate) const CSP: &'static str = csp::STATIC;
}

#[cfg(test)]
impl CodePage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |username, problem| Self {
            shell: Shell::sample(),
            passkey: None,
            takes_code: true,
            may_skip: false,
            ticket: "v1.ticket",
            csrf: "csrf",
            user: UserLine {
                name: None,
                username,
            },
            problem,
            restart: Some("/login"),
        };
        let waiting = FactorProblem::TooManyAttempts { minutes: 5 };
        let passkey = |takes_code, may_skip| Self {
            passkey: Some(PasskeyForm::sample(false, true)),
            takes_code,
            may_skip,
            ..page("alice", None)
        };
        vec![
            ("second_factor", page("alice", None)),
            ("second_factor_passkey", passkey(true, false)),
            ("second_factor_passkey_only", passkey(false, false)),
            ("second_factor_passkey_wanted", passkey(true, true)),
            (
                "second_factor_wrong",
                page("alice", Some(FactorProblem::WrongCode)),
            ),
            ("second_factor_waiting", page("alice", Some(waiting))),
            ("second_factor_hostile", page(crate::pages::HOSTILE, None)),
        ]
    }
}

#[cfg(test)]
impl EnrolPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let page = |may_skip, problem| Self {
            shell: Shell::sample(),
            ticket: "v1.ticket",
            csrf: "csrf",
            user: UserLine {
                name: Some(crate::pages::HOSTILE),
                username: "alice",
            },
            enrolment: "sealed",
            key: ["GEZD", "GNBV", "GY3T", "QOJQ"].map(str::to_owned).to_vec(),
            qr: Some(Qr {
                size: 9,
                path: "M4,4h1v1h-1z".to_owned(),
            }),
            passkey: Some(Challenge::sample()),
            may_skip,
            problem,
            restart: Some("/login"),
        };
        vec![
            ("second_factor_enrol", page(false, None)),
            (
                "second_factor_enrol_passkey_refused",
                page(false, Some(FactorProblem::PasskeyNotMade)),
            ),
            ("second_factor_offered", page(true, None)),
            (
                "second_factor_enrol_wrong",
                page(false, Some(FactorProblem::NoCode)),
            ),
        ]
    }
}

#[cfg(test)]
impl CodesPage<'static> {
    pub(crate) fn samples() -> Vec<(&'static str, Self)> {
        let codes = || vec![Secret::new("ABCD-EFGH-JKMN".to_owned())];
        let page = |codes, few_left, account| Self {
            shell: Shell::sample(),
            codes,
            few_left,
            account,
            go_on: "/consent?ticket=v1.ticket",
        };
        vec![
            ("backup_codes", page(codes(), None, false)),
            ("backup_codes_of_account", page(codes(), None, true)),
            ("backup_codes_left", page(Vec::new(), Some(3), false)),
            ("backup_codes_none_left", page(Vec::new(), Some(0), false)),
        ]
    }
}
