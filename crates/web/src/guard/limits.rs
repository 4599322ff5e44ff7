//! Limits of time and number. Streams of events are within them: only the beginning of an answer is
//! timed, and only that long is a turn taken.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use shelfread_app::access::Identity;
use tokio::sync::Semaphore;

use crate::problem::Problem;
use crate::state::Web;

/// Requests at work at once of those who are known.
const KNOWN: usize = 256;
/// Of those who are not, and who send something: they cannot take the turns of the others.
const UNKNOWN: usize = 64;

/// Turns to be taken; cheap to clone.
#[derive(Debug, Clone)]
pub struct Turns {
    known: Arc<Semaphore>,
    unknown: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        let [known, unknown] = [KNOWN, UNKNOWN].map(|turns| Arc::new(Semaphore::new(turns)));
        Self { known, unknown }
    }
}

/// Waits for a turn. Whoever is not known and sends nothing needs none: it is cheap.
pub async fn take_turns(State(web): State<Web>, request: Request, next: Next) -> Response {
    let known = request.extensions().get::<Identity>().is_some();
    let sends = !matches!(*request.method(), Method::GET | Method::HEAD);
    let turns = match (known, sends) {
        (true, _) => &web.turns.known,
        (false, true) => &web.turns.unknown,
        (false, false) => return next.run(request).await,
    };
    let _turn = turns.acquire().await;
    next.run(request).await
}

/// Gives up what takes too long.
pub async fn in_time(State(web): State<Web>, request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(web.patience.to_answer, next.run(request)).await;
    answer.unwrap_or_else(|_| Problem::too_slow().into_response())
}
