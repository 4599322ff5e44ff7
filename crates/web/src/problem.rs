//! Errors as `application/problem+json` (RFC 9457), with a code that programs can rely on.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use shelfread_app::AppError;
use utoipa::ToSchema;

/// The result of a handler of the API.
pub type Answer<T> = Result<T, Problem>;

/// What went wrong, for programs and for people.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// The status of the answer once more.
    pub status: u16,
    /// What kind of problem it is; never changes once it is published.
    pub code: &'static str,
    /// The same for people, in a few words.
    pub title: &'static str,
    /// What happened, and where.
    pub detail: String,
    /// What can be done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let (status, code, title) = kind_of(&error);
        let hint = error.hint();
        Self { status: status.as_u16(), code, title, detail: error.to_string(), hint }
    }
}

const fn kind_of(error: &AppError) -> (StatusCode, &'static str, &'static str) {
    match error {
        AppError::NotFound { .. } => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
        AppError::Usage(_) | AppError::Field(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The request makes no sense as it is")
        }
        AppError::Busy { .. } => {
            (StatusCode::CONFLICT, "busy", "The source is being synced already")
        }
        AppError::AtWork => (StatusCode::CONFLICT, "at-work", "Something else is at work"),
        AppError::Closing => {
            (StatusCode::SERVICE_UNAVAILABLE, "closing", "The server is about to stop")
        }
        AppError::Stale(_) => (StatusCode::CONFLICT, "stale", "The plan no longer fits"),
        AppError::Source { .. } => {
            (StatusCode::BAD_GATEWAY, "source", "The source could not be read")
        }
        AppError::Client { .. } => {
            (StatusCode::BAD_GATEWAY, "client", "The download client did not do it")
        }
        AppError::Store(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "database", "The database could not do it")
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = (status, Json(self)).into_response();
        let kind = header::HeaderValue::from_static("application/problem+json");
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        answer
    }
}
