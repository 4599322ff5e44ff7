//! Every request has a number that stands in its answer and in every line of the log about it. It
//! is logged and counted by its route, never by its path: paths and queries may hold secrets.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use uuid::Uuid;

use crate::metrics;

pub async fn trace(request: Request, next: Next) -> Response {
    let (began, id) = (Instant::now(), Uuid::new_v4());
    let method = known(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let span = tracing::info_span!("request", %id, method, route);
    let mut answer = next.run(request).instrument(span.clone()).await;
    let (status, took) = (answer.status(), began.elapsed());
    metrics::request(method, route, status, took);
    span.in_scope(|| {
        let milliseconds = took.as_millis();
        match status.is_server_error() {
            true => tracing::warn!(status = status.as_u16(), milliseconds, "answered"),
            false => tracing::debug!(status = status.as_u16(), milliseconds, "answered"),
        }
    });
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        answer.headers_mut().insert("x-request-id", id);
    }
    answer
}

/// Methods are counted by name; a name that somebody made up is none.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}
