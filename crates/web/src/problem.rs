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
#[derive(Debug, Clone, Serialize, ToSchema)]
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

impl Problem {
    /// Nobody knows who asks.
    pub fn unknown() -> Self {
        let detail = "log in, or send a token as `Authorization: Bearer …`".to_owned();
        Self {
            status: StatusCode::UNAUTHORIZED.as_u16(),
            code: "unauthenticated",
            title: "Nobody knows who asks",
            detail,
            hint: Some("`shelfread token create` makes a token".to_owned()),
        }
    }

    /// Who asks may not do that.
    pub fn forbidden(needed: &str) -> Self {
        Self {
            status: StatusCode::FORBIDDEN.as_u16(),
            code: "forbidden",
            title: "Who asks may not do that",
            detail: format!("this needs `{needed}`"),
            hint: None,
        }
    }

    /// No route is at a path.
    pub async fn nothing_here() -> Self {
        Self {
            status: StatusCode::NOT_FOUND.as_u16(),
            code: "not-found",
            title: "There is no such thing",
            detail: "nothing is at this address".to_owned(),
            hint: None,
        }
    }

    /// Something broke that is no fault of the request.
    pub fn broken(detail: &str) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR.as_u16(),
            code: "broken",
            title: "Something broke here",
            detail: detail.to_owned(),
            hint: Some("the log of the server says more".to_owned()),
        }
    }
}

impl Problem {
    /// It took too long.
    pub fn too_slow() -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE.as_u16(),
            code: "too-slow",
            title: "It took too long",
            detail: "the server gave up on this request; there is much to do".to_owned(),
            hint: Some("try again in a while".to_owned()),
        }
    }

    /// What a bare status means, with what there is to say about it.
    pub fn of_status(status: StatusCode, text: &str) -> Self {
        let (code, title) = match status {
            StatusCode::NOT_FOUND => ("not-found", "There is no such thing"),
            StatusCode::METHOD_NOT_ALLOWED => {
                ("method-not-allowed", "The method is not taken here")
            }
            StatusCode::FORBIDDEN => ("forbidden", "This is not allowed"),
            StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "The body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("unsupported-media-type", "The body is of another kind")
            }
            StatusCode::UNPROCESSABLE_ENTITY => ("invalid", "The request makes no sense as it is"),
            _ => ("bad-request", "The request cannot be understood"),
        };
        let detail = if text.is_empty() { title } else { text };
        Self { status: status.as_u16(), code, title, detail: detail.to_owned(), hint: None }
    }
}

impl From<askama::Error> for Problem {
    fn from(error: askama::Error) -> Self {
        tracing::error!("a page could not be made: {error}");
        Self::broken("a page could not be made")
    }
}

const fn kind_of(error: &AppError) -> (StatusCode, &'static str, &'static str) {
    match error {
        AppError::NotFound { .. } => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
        AppError::Usage(_) | AppError::Field(_) => {
            (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The request makes no sense as it is")
        }
        AppError::Taken { .. } => (StatusCode::CONFLICT, "taken", "The name is taken"),
        AppError::Declared(_) => {
            (StatusCode::CONFLICT, "declared", "The configuration decides about that")
        }
        AppError::Busy { .. } => {
            (StatusCode::CONFLICT, "busy", "The source is being synced already")
        }
        AppError::AtWork => (StatusCode::CONFLICT, "at-work", "Something else is at work"),
        AppError::Closing => {
            (StatusCode::SERVICE_UNAVAILABLE, "closing", "The server is about to stop")
        }
        AppError::Denied(_) => {
            (StatusCode::UNAUTHORIZED, "denied", "Who asks did not prove to be who they say")
        }
        AppError::Changed { .. } => {
            (StatusCode::PRECONDITION_FAILED, "changed", "It is no longer as it was read")
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
        let mut answer = (status, Json(&self)).into_response();
        let kind = header::HeaderValue::from_static("application/problem+json");
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let soon = header::HeaderValue::from_static("10");
            answer.headers_mut().insert(header::RETRY_AFTER, soon);
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = header::HeaderValue::from_static("Bearer");
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        // For whoever tells it to a person.
        answer.extensions_mut().insert(self);
        answer
    }
}
