//! Validators: whoever has seen an answer asks whether it is still so, and is told in few bytes.
//!
//! They are weak: two answers with the same one say the same, whatever compression makes of them.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use twox_hash::XxHash3_128;

use crate::problem::Problem;

/// Larger answers are not looked at.
const MOST: usize = 64 << 20;

/// Gives every JSON answer to a GET its validator.
pub async fn validate(request: Request, next: Next) -> Response {
    // The body of an answer to a HEAD is gone before it comes here.
    let reads = request.method() == Method::GET;
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let answer = next.run(request).await;
    match reads && answer.status() == StatusCode::OK && is_json(answer.headers()) {
        true => with_tag(answer, known.as_ref()).await,
        false => answer,
    }
}

async fn with_tag(answer: Response, known: Option<&HeaderValue>) -> Response {
    let (mut parts, body) = answer.into_parts();
    let Ok(bytes) = to_bytes(body, MOST).await else {
        return Problem::broken("the answer is too large").into_response();
    };
    let tag = tag(&bytes);
    let same =
        known.and_then(|known| known.to_str().ok()).is_some_and(|known| matches(known, &tag));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, tag);
    }
    let kept = HeaderValue::from_static("private, no-cache");
    parts.headers.entry(header::CACHE_CONTROL).or_insert(kept);
    if same {
        parts.status = StatusCode::NOT_MODIFIED;
        for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE] {
            parts.headers.remove(name);
        }
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// The validator of an answer.
pub fn tag(body: &[u8]) -> String {
    format!("W/\"{:032x}\"", XxHash3_128::oneshot(body))
}

/// Whether one of the validators that somebody knows is this one, by weak comparison.
pub fn matches(known: &str, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    known.trim() == "*" || known.split(',').any(|one| bare(one) == bare(tag))
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json"))
}
