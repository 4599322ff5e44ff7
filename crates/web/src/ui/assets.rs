//! The files that pages need, held in the program: style sheet, scripts and drawings. Their
//! addresses change with their content, so that a browser may keep them for ever.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::LazyLock;

use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Files;

/// What each file is known by, as long as it is what it is.
static TAGS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let tag = |name: &str| Files::get(name).map(|file| short(file.metadata.sha256_hash()));
    Files::iter().filter_map(|name| Some((name.to_string(), tag(&name)?))).collect()
});

fn short(hash: [u8; 32]) -> String {
    hash[..8].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The address of a file.
pub fn address(name: &str) -> String {
    let tag = TAGS.get(name).map_or("", String::as_str);
    format!("/assets/{name}?{tag}")
}

/// Gives a file. Asked for by its newest address it may be kept; by any other, it is asked for
/// again.
pub async fn file(
    Path(name): Path<String>,
    RawQuery(tag): RawQuery,
    headers: HeaderMap,
) -> Response {
    let (Some(file), Some(known)) = (Files::get(&name), TAGS.get(&name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = format!("\"{known}\"");
    let cache = match tag.as_ref() == Some(known) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let common = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, cache.to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|has| has.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(header::CONTENT_TYPE, kind(&name))], file.data).into_response()
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}
