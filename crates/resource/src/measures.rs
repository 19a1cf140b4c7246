//! Counters of verdicts, with handles kept so that the hot path never asks the registry.

use std::sync::OnceLock;

use metrics::{Counter, counter};

use crate::refusal::TokenError;

/// What became of tokens: `cardea_resource_tokens_total`, by `verdict`.
#[derive(Default)]
pub(crate) struct Measures(OnceLock<Counters>);

struct Counters {
    good: Counter,
    missing: Counter,
    malformed: Counter,
    invalid: Counter,
    unavailable: Counter,
    limited: Counter,
}

impl Measures {
    pub(crate) fn good(&self) {
        self.counters().good.increment(1);
    }

    pub(crate) fn refused(&self, error: &TokenError) {
        let counters = self.counters();
        let counter = match error {
            TokenError::Missing => &counters.missing,
            TokenError::Malformed(_) => &counters.malformed,
            TokenError::Invalid(_) => &counters.invalid,
            TokenError::Unavailable(_) => &counters.unavailable,
            TokenError::Limited(_) => &counters.limited,
        };
        counter.increment(1);
    }

    // At the first request and not before, because programs install their recorder after they have built their parts.
    fn counters(&self) -> &Counters {
        let of =
            |verdict| counter!(cardea_web::metric_names::RESOURCE_TOKENS, "verdict" => verdict);
        self.0.get_or_init(|| Counters {
            good: of("good"),
            missing: of("missing"),
            malformed: of("malformed"),
            invalid: of("invalid"),
            unavailable: of("unavailable"),
            limited: of("limited"),
        })
    }
}
