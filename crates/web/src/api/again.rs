//! A request that is sent twice is done once: whoever did not hear the answer sends it again with
//! the same `Idempotency-Key`, and hears it.
//!
//! Answers are remembered for a while in this process only, and only for the one who asked: the key
//! is bound to who they say they are. What is done here twice without a key does no harm, with few
//! exceptions; so this is no promise over a restart.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use twox_hash::XxHash3_128;

use super::problems::{bad_request, problem};
use crate::problem::Problem;

const HEADER: &str = "idempotency-key";
/// How long an answer is remembered, how many are, and the largest one.
const KEPT: Duration = Duration::from_secs(3_600);
const MOST: usize = 1_000;
const LARGEST: usize = 1 << 20;
/// The longest key.
const LONGEST: usize = 200;

/// What is remembered of a request.
enum Known {
    /// It is at work.
    AtWork,
    /// It was answered.
    Answered(Box<Answer>),
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// Requests that were sent with a key.
#[derive(Clone, Default)]
pub struct Again(Arc<Mutex<HashMap<u128, (Instant, Known)>>>);

impl Again {
    fn all(&self) -> MutexGuard<'_, HashMap<u128, (Instant, Known)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a request, or says what came of it.
    fn begin(&self, key: u128, now: Instant) -> Result<Begun<'_>, Box<Response>> {
        let mut all = self.all();
        all.retain(|_, (since, _)| now.duration_since(*since) < KEPT);
        if all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, (since, _))| *since).map(|(key, _)| *key);
            oldest.map(|key| all.remove(&key));
        }
        match all.entry(key) {
            Entry::Vacant(place) => {
                place.insert((now, Known::AtWork));
                Ok(Begun { again: self, key, done: false })
            }
            Entry::Occupied(known) => Err(Box::new(match &known.get().1 {
                Known::AtWork => at_work().into_response(),
                Known::Answered(answer) => answer.again(),
            })),
        }
    }
}

impl Answer {
    fn again(&self) -> Response {
        let mut answer = Response::new(Body::from(self.body.clone()));
        *answer.status_mut() = self.status;
        *answer.headers_mut() = self.headers.clone();
        answer
    }
}

/// A request at work; forgotten unless it comes to an answer.
struct Begun<'a> {
    again: &'a Again,
    key: u128,
    done: bool,
}

impl Begun<'_> {
    fn answered(mut self, answer: Answer) {
        let known = (Instant::now(), Known::Answered(Box::new(answer)));
        self.again.all().insert(self.key, known);
        self.done = true;
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.again.all().remove(&self.key);
        }
    }
}

/// Does a POST with a key once.
pub async fn once(State(again): State<Again>, request: Request, next: Next) -> Response {
    let given = request.headers().get(HEADER).filter(|_| request.method() == Method::POST);
    let Some(given) = given else { return next.run(request).await };
    if given.is_empty() || given.len() > LONGEST {
        let detail = format!("an Idempotency-Key has 1 to {LONGEST} characters");
        return bad_request(detail).into_response();
    }
    let key = key_of(&request);
    let begun = match again.begin(key, Instant::now()) {
        Ok(begun) => begun,
        Err(answer) => return *answer,
    };
    let (parts, body) = next.run(request).await.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return Problem::broken("the answer is too large").into_response();
    };
    // What failed here may go well the next time.
    if !parts.status.is_server_error() {
        let (status, headers, body) = (parts.status, parts.headers.clone(), body.clone());
        begun.answered(Answer { status, headers, body });
    }
    Response::from_parts(parts, Body::from(body))
}

/// What makes two requests the same: who asks, for what, with which key.
fn key_of(request: &Request) -> u128 {
    let header = |name: &str| request.headers().get(name).map_or(&b""[..], |v| v.as_bytes());
    let parts = [
        header(HEADER),
        header(header::AUTHORIZATION.as_str()),
        header(header::COOKIE.as_str()),
        request.uri().to_string().as_bytes(),
    ]
    .map(|part| XxHash3_128::oneshot(part).to_le_bytes());
    XxHash3_128::oneshot(&parts.concat())
}

fn at_work() -> Problem {
    let detail = "a request with the same Idempotency-Key is still at work";
    problem(StatusCode::CONFLICT, "in-progress", "It is at work already", detail)
}
