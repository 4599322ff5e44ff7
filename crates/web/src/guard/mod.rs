//! What every request and every answer goes through, whatever its route, from the outside in:
//!
//! 1. `trace`: a number for the request, in its answer and in every line of the log; it is counted
//!    and timed.
//! 2. `headers`: what browsers must not do with our answers.
//! 3. `explain`: what goes wrong is told as a problem to programs and as a page to people; a panic
//!    is an answer like any other.
//! 4. `limits`: an answer within a time, only so many at work at once, bodies of a size, and only so
//!    much of answers in memory.
//! 5. who asks and whether they may (`access`).
//! 6. `forgery`: a request that another site made a browser send is refused.
//!
//! It knows no route by name but those that bring a secret of their own.

mod explain;
mod forgery;
mod headers;
mod limits;
mod trace;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;

use crate::access;
use crate::state::Web;

pub use limits::Turns;

/// The largest body that is read at all.
const LARGEST: usize = 16 << 20;
/// The largest body that a handler takes unless it says otherwise.
const LARGE: usize = 1 << 20;

/// For routes whose answers are made in memory: only a few at once, and only so many lie there.
pub fn within_room(routes: Router<Web>, web: &Web) -> Router<Web> {
    routes.layer(from_fn_with_state(web.clone(), limits::take_room))
}

/// Puts everything around the routes; the last layer is the outermost.
pub fn around(routes: Router<Web>, web: &Web) -> Router<Web> {
    routes
        .layer(DefaultBodyLimit::max(LARGE))
        .layer(RequestBodyLimitLayer::new(LARGEST))
        .layer(forgery::layer(web))
        .layer(from_fn_with_state(web.clone(), limits::take_turns))
        .layer(from_fn_with_state(web.clone(), access::gate))
        .layer(from_fn_with_state(web.clone(), limits::in_time))
        .layer(CatchPanicLayer::custom(explain::panic))
        .layer(from_fn(explain::explain))
        .layer(from_fn(headers::protect))
        .layer(from_fn_with_state(web.clone(), access::note_peer))
        .layer(from_fn(trace::trace))
}
