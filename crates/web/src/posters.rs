//! Posters at `/posters/{item}`: what sources have, seen only through the server. An item without
//! one has a drawing in its place, so a page never shows a broken picture.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use shelfread_app::AppError;
use shelfread_app::posters::Picture;
use shelfread_domain::ItemId;

use crate::problem::Answer;
use crate::routes::Routes;
use crate::state::Web;

/// A film strip, in colours that fit light and dark pages.
const PLACEHOLDER: &str = include_str!("posters/placeholder.svg");

/// Kept by the browser that asked, and by nobody between.
const KEPT: HeaderValue = HeaderValue::from_static("private, max-age=3600");
/// A poster may turn up soon.
const KEPT_BRIEFLY: HeaderValue = HeaderValue::from_static("private, max-age=60");

pub fn routes() -> Routes {
    Routes::new().route("/posters/{item}", get(poster))
}

async fn poster(
    State(web): State<Web>,
    Path(item): Path<String>,
    headers: HeaderMap,
) -> Answer<Response> {
    let id = item.parse().map(ItemId).map_err(|_| AppError::not_found("item", &*item))?;
    let Some(picture) = web.app.poster(id).await? else { return Ok(placeholder()) };
    let tag = format!("\"{}\"", picture.tag);
    let common = [(header::ETAG, value(&tag)), (header::CACHE_CONTROL, KEPT)];
    if knows(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let Picture { bytes, kind, .. } = picture;
    Ok((common, harmless(HeaderValue::from_static(kind)), bytes).into_response())
}

fn placeholder() -> Response {
    let kind = HeaderValue::from_static("image/svg+xml");
    ([(header::CACHE_CONTROL, KEPT_BRIEFLY)], harmless(kind), PLACEHOLDER).into_response()
}

/// Whatever the bytes are: they are what is said here, and run nothing when they are opened alone.
fn harmless(kind: HeaderValue) -> [(HeaderName, HeaderValue); 3] {
    [
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
        ),
    ]
}

fn value(tag: &str) -> HeaderValue {
    HeaderValue::from_str(tag).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether the browser has this very picture.
fn knows(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok());
    let mut tags = known.flat_map(|v| v.split(','));
    tags.any(|t| t.trim().trim_start_matches("W/") == tag || t.trim() == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_the_browser_has_is_not_sent_again() {
        for (sent, known) in
            [("\"a\"", true), ("\"b\", W/\"a\"", true), ("*", true), ("\"b\"", false)]
        {
            let headers = [(header::IF_NONE_MATCH, HeaderValue::from_static(sent))];
            assert_eq!(knows(&headers.into_iter().collect(), "\"a\""), known, "{sent}");
        }
    }
}
