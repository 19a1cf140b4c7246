//! `POST /account/security/factors`: removes the authenticator app, makes backup codes, forgets trusted devices.

use axum::response::Response;
use cardea_protocol::model::{Actor, TrustedDevice};
use cardea_store::{FactorView, ForgetDevice, RemoveFactors, ReplaceBackupCodes, WhichFactors};
use cardea_web::inbound::UnreadForm;

use crate::{
    account::frame::{Done, Posted, SignedIn, back_to, posted, require_recent_sign_in},
    ctx::Ctx,
    error::{self, Failure},
    error_page::page::PageError,
    form::{Form, MAX_PAGE_BYTES},
    journey::goal::AccountSection,
    notice::{self, Way},
    pages::html,
    second_factor::{enrol::NewCodes, page::CodesPage},
};

const SECTION: AccountSection = AccountSection::Security;

/// What the user has, for the page; nothing where second factors are off.
pub(super) struct Factors {
    pub(super) view: FactorView,
    pub(super) devices: Vec<TrustedDevice>,
}

impl Factors {
    pub(super) async fn of(ctx: &Ctx, signed_in: &SignedIn) -> Result<Option<Self>, Failure> {
        if !ctx.app.settings.mfa.has_second_factors() {
            return Ok(None);
        }
        let (store, subject) = (&ctx.app.store, &signed_in.user.subject);
        Ok(Some(Self {
            view: store.factors(subject).await?,
            devices: store.trusted_devices(subject, ctx.caller.now).await?,
        }))
    }
}

/// `POST /account/security/factors`
pub(crate) async fn post(ctx: Ctx, form: UnreadForm) -> Response {
    let result = async {
        match posted(&ctx, SECTION, form, MAX_PAGE_BYTES).await? {
            Posted::ToLogin(login) => Ok(login),
            Posted::SignedIn(user, form) => act(&ctx, &user, &form).await,
        }
    };
    error::page(&ctx, result.await)
}

async fn act(ctx: &Ctx, signed_in: &SignedIn, form: &Form) -> Result<Response, Failure> {
    if !ctx.app.settings.mfa.has_second_factors() {
        return Err(Failure::page(PageError::NotFound, "second factors are off"));
    }
    let subject = signed_in.user.subject.clone();
    let cause = ctx.caller.cause(Actor::Person(subject.clone()));
    let store = &ctx.app.store;
    // To trust less takes no proof.
    if form.one("action") == Some("forget_device") {
        let id = form.one("id").and_then(|id| id.parse().ok());
        let id = id.ok_or_else(|| Failure::page(PageError::BrokenLink, "no such device"))?;
        let id = Some(id);
        store
            .forget_device(ForgetDevice { subject, id, cause })
            .await?;
        return Ok(back_to(ctx, SECTION, Done::DeviceForgotten));
    }
    if let Some(again) = require_recent_sign_in(ctx, signed_in, SECTION).await? {
        return Ok(again);
    }
    match form.one("action") {
        Some("remove_totp") => {
            let which = WhichFactors::Totp;
            let command = RemoveFactors {
                subject,
                which,
                notice: notice::removed(ctx, &signed_in.user, Way::App),
                cause,
            };
            store.remove_factors(command).await?;
            ctx.app.mail.wake();
            Ok(back_to(ctx, SECTION, Done::FactorRemoved))
        }
        Some("backup_codes") => {
            let codes = NewCodes::draw(ctx);
            let command = ReplaceBackupCodes {
                backup_codes: codes.tags(ctx, &subject),
                subject,
                notice: notice::added(ctx, &signed_in.user, Way::BackupCodes),
                cause,
            };
            if !store.replace_backup_codes(command).await? {
                let cause = "backup codes without a second factor";
                return Err(Failure::page(PageError::TooLate, cause));
            }
            ctx.app.mail.wake();
            Ok(show_codes(ctx, &codes))
        }
        _ => Err(Failure::page(
            PageError::BrokenLink,
            "the form of the second factors has no known action",
        )),
    }
}

/// The codes, once.
pub(super) fn show_codes(ctx: &Ctx, codes: &NewCodes) -> Response {
    let base = ctx.app.settings.issuer.path();
    let page = CodesPage {
        shell: ctx.shell(),
        codes: codes.texts(),
        few_left: None,
        account: true,
        go_on: &format!("{base}{}", SECTION.path()),
    };
    html(CodesPage::CSP, &page)
}
