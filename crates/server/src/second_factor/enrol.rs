//! Sets up an authenticator app. Until a code has proved it, the secret is only in the form, sealed.

use cardea_protocol::{
    backup_code::{BACKUP_CODES, BackupCode},
    model::{Actor, Subject, User},
    totp::{TimeStep, TotpSecret},
};
use cardea_seal::{Digest, Secret};
use cardea_store::EnrolTotp;
use jiff::{SignedDuration, Timestamp};
use qrcodegen::{QrCode, QrCodeEcc};

use super::page::Qr;
use crate::{
    ctx::Ctx,
    error::Failure,
    notice::{self, Way},
};

/// How long a secret can be proved.
const LIFETIME: SignedDuration = SignedDuration::from_mins(15);
/// The time before the secret.
const TIME_LEN: usize = 8;

/// A secret that is being set up.
pub(crate) struct Enrolment {
    pub(crate) secret: TotpSecret,
    at: Timestamp,
}

impl Enrolment {
    /// A new secret.
    pub(crate) fn draw(ctx: &Ctx) -> Self {
        Self {
            secret: TotpSecret::from_bytes(ctx.app.entropy.bytes()),
            at: ctx.caller.now,
        }
    }

    /// Seals it for the form of a journey or session (by its name) of a user.
    pub(crate) fn seal(&self, ctx: &Ctx, bound_to: (&str, &User)) -> String {
        let at = self.at.as_second().to_be_bytes();
        let plaintext = Secret::new([&at[..], self.secret.expose()].concat());
        ctx.app
            .seals
            .enrolment
            .seal_text(plaintext.expose(), &context(bound_to))
    }

    /// Opens what was sealed for the same form and user, not long ago.
    pub(crate) fn open(ctx: &Ctx, bound_to: (&str, &User), sealed: &str) -> Option<Self> {
        let seals = &ctx.app.seals;
        let opened = seals.enrolment.open_text(sealed, &context(bound_to)).ok()?;
        let (at, secret) = opened.expose().split_first_chunk::<TIME_LEN>()?;
        let at = Timestamp::from_second(i64::from_be_bytes(*at)).ok()?;
        let secret = TotpSecret::from_slice(secret)?;
        let age = ctx.caller.now.duration_since(at);
        (age <= LIFETIME).then_some(Self { secret, at })
    }

    /// The key in groups of four, to be typed.
    pub(crate) fn grouped_key(&self) -> Vec<String> {
        let key = self.secret.key();
        let chars: Vec<char> = key.expose().chars().collect();
        chars
            .chunks(4)
            .map(|group| group.iter().collect())
            .collect()
    }

    /// The QR code that apps read.
    pub(crate) fn qr(&self, ctx: &Ctx, user: &User) -> Option<Qr> {
        let issuer = ctx.app.settings.brand.name();
        let uri = self.secret.uri(issuer, user.username.as_str());
        let code = QrCode::encode_text(uri.expose(), QrCodeEcc::Medium).ok()?;
        Some(draw(&code))
    }
}

fn context((form, user): (&str, &User)) -> Vec<u8> {
    // An id has no zero byte.
    [form.as_bytes(), b"\0", user.subject.as_str().as_bytes()].concat()
}

/// The dark squares as the path of an SVG, with the light border that readers need.
fn draw(code: &QrCode) -> Qr {
    const BORDER: i32 = 4;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                path.push_str(&format!("M{},{}h1v1h-1z", x + BORDER, y + BORDER));
            }
        }
    }
    Qr {
        size: code.size() + 2 * BORDER,
        path,
    }
}

/// New backup codes, as long as they are shown.
pub(crate) struct NewCodes(Vec<BackupCode>);

impl NewCodes {
    pub(crate) fn draw(ctx: &Ctx) -> Self {
        let codes = (0..BACKUP_CODES).map(|_| BackupCode::from_bytes(ctx.app.entropy.bytes()));
        Self(codes.collect())
    }

    /// What is stored of them.
    pub(crate) fn tags(&self, ctx: &Ctx, subject: &Subject) -> Vec<Digest> {
        let key = &ctx.app.backup_code_mac;
        self.0.iter().map(|code| code.tag(key, subject)).collect()
    }

    /// To be shown, once.
    pub(crate) fn texts(&self) -> Vec<Secret<String>> {
        self.0.iter().map(BackupCode::to_text).collect()
    }
}

/// A secret that a code has proved.
pub(crate) struct Proof<'a> {
    pub(crate) enrolment: &'a Enrolment,
    pub(crate) step: TimeStep,
    /// Whether the user must have no second factor.
    pub(crate) first: bool,
}

/// Stores a secret that was proved, with new backup codes. `false` when the user has an authenticator app, or another factor where it
/// must be the first.
pub(crate) async fn confirm(
    ctx: &Ctx,
    proof: &Proof<'_>,
    user: &User,
    codes: &NewCodes,
) -> Result<bool, Failure> {
    let context = user.subject.as_str().as_bytes();
    let sealed = ctx
        .app
        .seals
        .totp
        .seal_text(proof.enrolment.secret.expose(), context);
    let command = EnrolTotp {
        subject: user.subject.clone(),
        sealed: Secret::new(sealed),
        step: proof.step,
        first: proof.first,
        backup_codes: codes.tags(ctx, &user.subject),
        notice: notice::added(ctx, user, Way::App),
        cause: ctx.caller.cause(Actor::Person(user.subject.clone())),
    };
    let enrolled = ctx.app.store.enrol_totp(command).await?;
    ctx.app.mail.wake();
    Ok(enrolled)
}
