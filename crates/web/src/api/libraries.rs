//! Libraries of sources.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use shelfread_app::libraries::LibraryView;
use shelfread_domain::LibraryId;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::ask::{Body, Named};
use crate::problem::Answer;
use crate::state::Web;

pub fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list_libraries)).routes(routes!(change_library))
}

/// All libraries of a source.
#[derive(Serialize, ToSchema)]
struct Libraries {
    libraries: Vec<LibraryView>,
}

/// What a person wants of a library.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LibraryBody {
    /// Whether it is synced.
    enabled: bool,
}

/// The libraries of a source
#[utoipa::path(
    get,
    path = "/sources/{name}/libraries",
    tag = "sources",
    params(("name" = String, Path, description = "The name of the source")),
    responses((status = 200, body = Libraries))
)]
async fn list_libraries(
    State(web): State<Web>,
    Named(name): Named<String>,
) -> Answer<Json<Libraries>> {
    Ok(Json(Libraries { libraries: web.app.libraries(&name).await? }))
}

/// Leaves a library out of syncs, or takes it in again
///
/// What is known of it stays as it is.
#[utoipa::path(
    patch,
    path = "/sources/{name}/libraries/{library}",
    tag = "sources",
    params(
        ("name" = String, Path, description = "The name of the source"),
        ("library" = LibraryId, Path, description = "The id of the library")
    ),
    request_body = LibraryBody,
    responses((status = 200, body = LibraryView))
)]
async fn change_library(
    State(web): State<Web>,
    Named((name, library)): Named<(String, LibraryId)>,
    Body(body): Body<LibraryBody>,
) -> Answer<Json<LibraryView>> {
    Ok(Json(web.app.enable_library(&name, library, body.enabled).await?))
}
