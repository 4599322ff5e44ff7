//! Problems that the API finds itself, before any use case is asked.

use axum::extract::OriginalUri;
use axum::http::{Method, StatusCode};

use crate::problem::Problem;

/// A problem in words.
pub fn problem(
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: impl Into<String>,
) -> Problem {
    Problem { status: status.as_u16(), code, title, detail: detail.into(), hint: None }
}

/// The request cannot be read.
pub fn bad_request(detail: impl Into<String>) -> Problem {
    problem(StatusCode::BAD_REQUEST, "bad-request", "The request cannot be read", detail)
}

/// The request can be read, and makes no sense.
pub fn invalid(detail: impl Into<String>) -> Problem {
    let title = "The request makes no sense as it is";
    problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", title, detail)
}

/// What is named is not there.
pub fn no_such(detail: impl Into<String>) -> Problem {
    problem(StatusCode::NOT_FOUND, "not-found", "There is no such thing", detail)
}

/// Nothing of the API is at this address.
pub async fn nothing_here(OriginalUri(uri): OriginalUri) -> Problem {
    let detail = format!("nothing is at {}", uri.path());
    Problem { hint: Some("/api/openapi.json says what there is".to_owned()), ..no_such(detail) }
}

/// The address is right, the method is not.
pub async fn wrong_method(method: Method, OriginalUri(uri): OriginalUri) -> Problem {
    let detail = format!("{} takes no {method}", uri.path());
    let title = "The method is not taken here";
    problem(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", title, detail)
}
