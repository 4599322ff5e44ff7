//! Webhooks in: hints of sources and download clients that something changed.

use axum::Router;

use crate::state::Web;

pub fn routes() -> Router<Web> {
    Router::new()
}
