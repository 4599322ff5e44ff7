//! A request that changes something is done to its end, also when whoever sent it has gone.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use crate::problem::Problem;
use crate::state::Web;

/// Does what changes something in a task of its own, which a shutdown waits for.
pub async fn finish(State(web): State<Web>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let work = async move { Ok(next.run(request).await) };
    let done = web.app.to_the_end(work.in_current_span()).await;
    done.unwrap_or_else(|error| Problem::from(error).into_response())
}
