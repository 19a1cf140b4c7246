//! Work that depends on whether an account exists: it is done after the answer, so that neither bytes nor time show it.

use std::sync::Arc;

use cardea_store::StoreError;

use crate::ctx::Ctx;

/// Does the work after the answer. What a flood of requests can make wait is bounded: work that finds no room is not done.
pub(crate) fn after_answer(
    ctx: &Ctx,
    what: &'static str,
    work: impl Future<Output = Result<(), StoreError>> + Send + 'static,
) {
    let request_id = ctx.caller.request_id;
    let Ok(permit) = Arc::clone(&ctx.app.after_answers).try_acquire_owned() else {
        tracing::warn!(%request_id, what, "too many requests of strangers at once: one was not done");
        return;
    };
    tokio::spawn(async move {
        if let Err(error) = work.await {
            tracing::error!(%request_id, what, %error, "a request of a stranger failed after its answer");
        }
        drop(permit);
    });
}
