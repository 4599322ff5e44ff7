//! REST under `/api/v1`. One file per kind of thing; each keeps its routes and their
//! documentation together.

mod libraries;

use axum::routing::get;
use axum::{Json, Router};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::router::OpenApiRouter;

use crate::state::Web;

/// The document that the routes add themselves to.
#[derive(OpenApi)]
#[openapi(info(title = "Shelfread", description = "One truthful catalogue of films and series."))]
struct Base;

pub fn routes() -> Router<Web> {
    let (router, document) = parts().split_for_parts();
    router.route("/api/openapi.json", get(async move || Json(document)))
}

/// The OpenAPI document of this version.
pub fn document() -> Document {
    parts().split_for_parts().1
}

fn parts() -> OpenApiRouter<Web> {
    OpenApiRouter::with_openapi(Base::openapi()).nest("/api/v1", libraries::routes())
}
