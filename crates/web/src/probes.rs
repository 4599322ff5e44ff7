//! What supervisors ask: does the process live, and can it work?

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use crate::routes::Routes;
use crate::state::Web;

pub fn routes() -> Routes {
    Routes::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(ready))
}

/// Ready once the database answers.
async fn ready(State(web): State<Web>) -> (StatusCode, &'static str) {
    match web.app.store().last_event().await {
        Ok(_) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::warn!("not ready: {error}");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
