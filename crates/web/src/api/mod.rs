//! REST under `/api/v1`. One file per kind of thing; each keeps its routes and their documentation
//! together. `ask` is what comes in, `unchanged` of what it must still be true, `problems` what is
//! wrong with it; `etag`, `again` and `finish` are what all routes have around them; `document` and `docs` say what there is.

mod access;
mod again;
pub mod ask;
mod clients;
pub mod docs;
mod doctor;
mod document;
mod downloads;
mod etag;
mod events;
mod finish;
mod hooks;
mod items;
mod libraries;
mod notifications;
pub mod problems;
mod reviews;
mod runs;
mod schedule;
mod sources;
mod sync;
mod unchanged;
mod viewers;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use url::Url;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::router::OpenApiRouter;

use crate::live;
use crate::state::Web;

/// The largest body of JSON.
const LARGEST: usize = 256 << 10;

/// All routes of the API, and what says which they are.
pub fn routes(web: &Web) -> Router<Web> {
    let (router, document) = parts().split_for_parts();
    // Written once: a handler is cloned for each request, and the document is large as a tree. It
    // holds plain values only, so writing it cannot fail.
    let document: Bytes =
        serde_json::to_vec(&document::completed(document)).unwrap_or_default().into();
    let told = async move || ([(CONTENT_TYPE, "application/json")], document);
    router
        .route("/api/v1/{*rest}", get(problems::nothing_here).fallback(problems::nothing_here))
        .route("/api/openapi.json", get(told))
        .method_not_allowed_fallback(problems::wrong_method)
        .layer(from_fn_with_state(again::Again::default(), again::once))
        .layer(from_fn_with_state(web.clone(), finish::finish))
        .layer(from_fn(etag::validate))
        .layer(DefaultBodyLimit::max(LARGEST))
}

/// The OpenAPI document of this version.
pub fn document() -> Document {
    document::completed(parts().split_for_parts().1)
}

fn parts() -> OpenApiRouter<Web> {
    let v1 = OpenApiRouter::new()
        .merge(sources::routes())
        .merge(schedule::routes())
        .merge(hooks::routes())
        .merge(libraries::routes())
        .merge(sync::routes())
        .merge(runs::routes())
        .merge(items::routes())
        .merge(reviews::routes())
        .merge(downloads::routes())
        .merge(clients::routes())
        .merge(events::routes())
        .merge(notifications::routes())
        .merge(live::routes())
        .merge(viewers::routes())
        .merge(access::routes())
        .merge(doctor::routes());
    OpenApiRouter::with_openapi(document::Base::openapi()).nest("/api/v1", v1)
}

/// Where something that was added can be found.
fn location(kind: &str, name: &str) -> String {
    let path = format!("/api/v1/{kind}/");
    let Ok(mut url) = Url::parse("http://localhost/api/v1") else { return path };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.push(kind).push(name);
    }
    url.path().to_owned()
}
