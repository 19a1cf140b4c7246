//! What is sensitive takes a recent sign-in, with the second factor of a user who has one.

use axum::response::Response;
use cardea_protocol::{
    journey::{NextStep, Steps},
    mfa::{self, Acr},
};
use jiff::SignedDuration;

use crate::{
    account::frame::SignedIn,
    ctx::Ctx,
    error::Failure,
    journey::{
        goal::{AccountSection, Goal},
        next_step::to_page,
        ticket::Ticket,
    },
};

/// How old a sign-in may be.
const RECENT: SignedDuration = SignedDuration::from_mins(10);

/// The way to a sign-in that is recent enough, and back to the section, if this one is not.
pub(super) fn sign_in_again(
    ctx: &Ctx,
    signed_in: &SignedIn,
    enrolled: mfa::Enrolled,
) -> Result<Option<Response>, Failure> {
    let context = &signed_in.session.context;
    let is_recent = ctx.caller.now.duration_since(context.auth_time) <= RECENT;
    let has_factor = !enrolled.any() || Acr::of_session(&context.acr) >= Acr::Mfa;
    if is_recent && has_factor {
        return Ok(None);
    }
    let return_to = AccountSection::Security;
    let goal = Goal::Account { return_to };
    let mut ticket = Ticket::new(&ctx.app, &signed_in.browser, goal, ctx.caller.now);
    // The second factor proves more than the password, and who has it is not asked for both.
    let (steps, step) = match enrolled.any() {
        true => (Steps::must_step_up(), NextStep::SecondFactor),
        false => (Steps::must_log_in(), NextStep::Login),
    };
    ticket.steps = steps;
    to_page(&ctx.app, step, &ticket).map(Some)
}
