//! Limits of time, number and memory. Streams of events are within them: only the beginning of an
//! answer is timed, and only that long is a turn taken. A large answer that lies in memory takes
//! room there until the client has it, so all of them together are bounded, however slow clients are.

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use shelfread_app::access::Identity;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;
use crate::state::Web;

/// Requests at work at once of those who are known.
const KNOWN: usize = 256;
/// Of those who are not, and who send something: they cannot take the turns of the others.
const UNKNOWN: usize = 64;
/// Pages and answers of the API that are made at once: what one is made of is several times as large
/// as it is, and the database has a few readers only.
const MADE: usize = 8;
/// Files with the whole catalogue that are made or sent at once.
const FILES: usize = 2;
/// All large answers that lie in memory, in KiB. None is as large as that.
const ROOM: usize = 32 << 10;
/// From how many KiB on an answer takes room.
const LARGE: u64 = 64;

/// Turns to be taken; cheap to clone.
#[derive(Debug, Clone)]
pub struct Turns {
    known: Arc<Semaphore>,
    unknown: Arc<Semaphore>,
    made: Arc<Semaphore>,
    files: Arc<Semaphore>,
    room: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        let all = [KNOWN, UNKNOWN, MADE, FILES, ROOM];
        let [known, unknown, made, files, room] = all.map(|n| Arc::new(Semaphore::new(n)));
        Self { known, unknown, made, files, room }
    }
}

impl Turns {
    /// Waits until few enough files are made or sent; whoever holds this sends one.
    pub async fn file(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.files).acquire_owned().await.ok()
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

/// Waits until few enough answers are made, and until there is room for this one.
pub async fn take_room(State(web): State<Web>, request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let _turn = web.turns.made.acquire().await;
    let answer = next.run(request).await;
    let Some(bytes) = answer.body().size_hint().exact() else { return answer };
    match u32::try_from((bytes >> 10).min(ROOM as u64)) {
        Ok(size) if u64::from(size) >= LARGE => {
            let room = Arc::clone(&web.turns.room).acquire_many_owned(size).await;
            keep(answer, bytes, room.ok())
        }
        _ => answer,
    }
}

/// The answer, which gives its room back once it is taken, or nobody wants it any more.
fn keep(answer: Response, bytes: u64, room: Option<OwnedSemaphorePermit>) -> Response {
    let (mut head, body) = answer.into_parts();
    head.headers.insert(CONTENT_LENGTH, bytes.into());
    let parts = body.into_data_stream().inspect(move |_| {
        let _taken = &room;
    });
    Response::from_parts(head, Body::from_stream(parts))
}

/// Gives up what takes too long.
pub async fn in_time(State(web): State<Web>, request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(web.patience.to_answer, next.run(request)).await;
    answer.unwrap_or_else(|_| Problem::too_slow().into_response())
}
