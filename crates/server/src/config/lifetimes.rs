//! The longest that each time span can be.

use cardea_protocol::factor_reset::LONGEST_DELAY;
use cardea_web::config::Duration;
use jiff::SignedDuration;

use super::{Config, ConfigProblem};

/// Each time span that has a longest one.
pub(super) fn lifetimes(config: &Config) -> [Result<(), ConfigProblem>; 8] {
    let (tokens, sessions) = (&config.tokens, &config.sessions);
    let (code, access) = (tokens.code_ttl, tokens.access_token_ttl);
    let (session_idle, session) = (sessions.idle_ttl, sessions.absolute_ttl);
    let (refresh_idle, refresh) = (
        tokens.refresh_token_idle_ttl,
        tokens.refresh_token_absolute_ttl,
    );
    let remember = sessions.remember.map_or(session, |longer| longer);
    let (ten_minutes, a_day) = (
        SignedDuration::from_mins(10),
        SignedDuration::from_hours(24),
    );
    let shutdown = config.shutdown_delay.map(Duration::signed);
    // RFC 6265bis §5.5: browsers keep no cookie for longer.
    let longest_cookie = SignedDuration::from_hours(400 * 24);
    [
        at_most(
            "shutdown_delay",
            shutdown.unwrap_or_default(),
            SignedDuration::from_mins(5),
        ),
        at_most("tokens.code_ttl", code.signed(), ten_minutes),
        at_most("tokens.access_token_ttl", access.signed(), a_day),
        at_most("mfa.reset_delay", config.mfa.reset_delay(), LONGEST_DELAY),
        at_most("sessions.idle_ttl", session_idle.signed(), session.signed()),
        at_most("sessions.absolute_ttl", session.signed(), remember.signed()),
        match sessions.remember {
            Some(remember) => at_most("sessions.remember", remember.signed(), longest_cookie),
            None => Ok(()),
        },
        at_most(
            "tokens.refresh_token_idle_ttl",
            refresh_idle.signed(),
            refresh.signed(),
        ),
    ]
}

fn at_most(key: &str, value: SignedDuration, most: SignedDuration) -> Result<(), ConfigProblem> {
    if value <= most {
        return Ok(());
    }
    Err(ConfigProblem::new(
        key,
        format!("it is longer than {} s, the most it can be", most.as_secs()),
    ))
}
