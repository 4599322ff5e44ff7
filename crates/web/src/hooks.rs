//! Webhooks in: `/hooks/{name}` of a source or download client. Who calls is let in by the secret
//! of what it calls for, before anything of its message is read.
//!
//! It knows how messages are wrapped (as a body, or as a part of a form beside a picture), and
//! deliberately not what they say: adapters read them, and the application decides what a hint is
//! worth. Whatever comes is answered with 202 or 4xx.

use axum::Json;
use axum::extract::multipart::MultipartError;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;

use crate::problem::Problem;
use crate::routes::Routes;
use crate::state::Web;

/// The largest message, and the largest form with a message and a picture.
const MOST_MESSAGE: usize = 1 << 20;
const MOST_FORM: usize = 8 << 20;
/// The parts of forms that hold the message: of Plex, and of Emby.
const MESSAGE_PARTS: [&str; 2] = ["payload", "data"];

pub fn routes() -> Routes {
    let all = get(ring).post(ring).put(ring).layer(DefaultBodyLimit::max(MOST_FORM));
    Routes::new().route("/hooks/{name}", all)
}

/// For senders that can set no header.
#[derive(Deserialize)]
struct Key {
    key: Option<String>,
}

async fn ring(
    State(web): State<Web>,
    Path(name): Path<String>,
    Query(query): Query<Key>,
    request: Request,
) -> Result<Response, Problem> {
    let key = header_key(request.headers()).or(query.key).unwrap_or_default();
    let door = web.app.open_hook(&name, &key).await.map_err(|e| unavailable(&e))?;
    let door = door.ok_or_else(stranger)?;
    let message = message(request).await?;
    let taken = web.app.take_hook(&door, &message);
    let hints =
        taken.map_err(|e| refused(StatusCode::BAD_REQUEST, "hook-message", e.to_string()))?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "hints": hints }))).into_response())
}

fn header_key(headers: &HeaderMap) -> Option<String> {
    Some(headers.get("x-hook-key")?.to_str().ok()?.to_owned())
}

/// The message of a request, however it is wrapped.
async fn message(request: Request) -> Result<Vec<u8>, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data")) {
        let form = Multipart::from_request(request, &()).await;
        let form = form.map_err(|e| refused(e.status(), "hook-message", e.body_text()))?;
        return part(form).await.map_err(|e| refused(e.status(), "hook-message", e.body_text()));
    }
    let body = axum::body::to_bytes(request.into_body(), MOST_MESSAGE).await;
    let too_large = |_| {
        let detail =
            format!("the message could not be read, or has more than {MOST_MESSAGE} bytes");
        refused(StatusCode::PAYLOAD_TOO_LARGE, "hook-message", detail)
    };
    Ok(body.map_err(too_large)?.into())
}

/// The part with the message; a form without one says as much as an empty body.
async fn part(mut form: Multipart) -> Result<Vec<u8>, MultipartError> {
    while let Some(field) = form.next_field().await? {
        if field.name().is_some_and(|name| MESSAGE_PARTS.contains(&name)) {
            return Ok(field.bytes().await?.into());
        }
    }
    Ok(Vec::new())
}

fn stranger() -> Problem {
    let detail = "no source or download client of this name has this key".to_owned();
    Problem {
        hint: Some("copy the address from the settings of the source".to_owned()),
        ..refused(StatusCode::UNAUTHORIZED, "hook-key", detail)
    }
}

fn unavailable(error: &shelfread_app::AppError) -> Problem {
    tracing::warn!(%error, "a webhook could not be let in");
    let detail = "the database does not answer; the schedule finds what changed".to_owned();
    refused(StatusCode::SERVICE_UNAVAILABLE, "database", detail)
}

fn refused(status: StatusCode, code: &'static str, detail: String) -> Problem {
    let title = "The message was not taken";
    Problem { status: status.as_u16(), code, title, detail, hint: None }
}
