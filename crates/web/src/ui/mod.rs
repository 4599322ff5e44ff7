//! The web interface: pages that the server renders, which work mostly without JavaScript.

use axum::Router;

use crate::state::Web;

pub fn routes() -> Router<Web> {
    Router::new()
}
